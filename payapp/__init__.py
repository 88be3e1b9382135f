"""payapp sells prepaid credits through Stripe. create_app() makes the application; docs/architecture.md is the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask


def create_app(overrides: Mapping[str, str] | None = None) -> Flask:
    """Return the WSGI application. `overrides` are settings that go before the environment's (tests use them).

    Raises ConfigError naming the first setting that is missing or wrong.
    """
    # Imported here, so that who wants one room (the ledger, a migration) does not load all of them.
    from payapp.assembly import assemble

    return assemble(overrides)
