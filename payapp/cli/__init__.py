"""The operator's commands: `flask <noun> <verb>`, one file a noun. Exit status 0 only when all went well."""

import click
from flask import Flask
from flask.cli import AppGroup
from werkzeug.utils import import_string

# Loaded when they are called: no page needs them.
GROUPS = {
    "users": "payapp.cli.users:users",
    "credits": "payapp.cli.credits:credits",
    "api-keys": "payapp.cli.api_keys:api_keys",
    "packages": "payapp.cli.packages:packages",
    "purchases": "payapp.cli.purchases:purchases",
    "stripe": "payapp.cli.stripe_commands:stripe",
    "ledger": "payapp.cli.ledger:ledger",
    "dev": "payapp.cli.dev:dev",
    "db": "flask_migrate.cli:db",
}


class Commands(AppGroup):
    """The application's commands, by their nouns."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *GROUPS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        group: click.Command = import_string(GROUPS[cmd_name])
        return group


def init_app(app: Flask) -> None:
    """Give `app` every command group. Call it before others add theirs."""
    app.cli = Commands(app.name)
