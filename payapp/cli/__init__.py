"""The operator's commands: `flask <noun> <verb>`, one file a noun. Exit status 0 only when all went well."""

from flask import Flask

from payapp.cli import api_keys, dev, ledger, packages, purchases, stripe_commands, users


def init_app(app: Flask) -> None:
    """Register every command group."""
    for group in (
        users.users,
        api_keys.api_keys,
        packages.packages,
        purchases.purchases,
        stripe_commands.stripe,
        ledger.ledger,
        dev.dev,
    ):
        app.cli.add_command(group)
