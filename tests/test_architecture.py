"""The house rules of docs/architecture.md, held by reading the source and by asking the running application.

Each rule is shown a bad example too: a rule that can't fail holds nothing.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from payapp.webhooks.handlers import HANDLERS
from tests.import_rules import forbidden_imports
from tests.people import Visitor, become_staff
from tests.source_rules import (
    MAILBOX,
    PACKAGE,
    PROJECT_ROOT,
    STAND_IN,
    Module,
    declared_access,
    find_circle,
    forbidden_markup,
    functions_that_commit,
    imports_of,
    is_within,
    lacks_docstring,
    makes_blueprint,
    oversized,
    read_modules,
    reads_environment,
    settings_listed_in,
    settings_named_in,
    writes_to_credit_columns,
)

MODULES = read_modules()
BY_PATH = {module.path: module for module in MODULES}
OF_THE_STAND_IN = read_modules(STAND_IN)  # a program of its own
OF_THE_MAILBOX = read_modules(MAILBOX)  # another
OF_ALL = [*MODULES, *OF_THE_STAND_IN, *OF_THE_MAILBOX]

STRIPE_IMPORTERS = ("stripe_service/", "checks/validation.py", "webhooks/signing.py")

# Core functions never commit, but for these. Doors (routes, commands, jobs) do.
DOORS_THAT_COMMIT = ("cli/", "jobs/", "api/", "admin/")
MAY_COMMIT = {
    "auth/password_tries.py": "a try is counted, for all who try at once, before it is tried",
    "billing/checkout/starting.py": "our row is committed before Stripe is called, and no lock waits for Stripe",
    "billing/checkout/closing.py": "the same",
    "billing/customers.py": "the same",
    "billing/customer_deletion.py": "the same",
    "billing/checkout/purchases.py": "settle_with_stripe: the same",
    "billing/returns/refunding.py": "the same",
    "auth/counting.py": "what is tried is counted before it is tried, so that of many at once no more get through",
    "features/charging.py": "charge_for, capture_when_done: no lock waits for the feature's work",
}

# Routes that change something without a CSRF token, and why.
BY_API_KEY = "a program's key comes in the Authorization header, which no browser sends by itself; no cookie counts"
WITHOUT_CSRF = {
    "webhooks.receive_event": "Stripe has no token of ours; its signature stands in for it",
    "api.create_spend": BY_API_KEY,
    "api.create_hold": BY_API_KEY,
    "api.capture_hold": BY_API_KEY,
    "api.release_hold": BY_API_KEY,
}
WHO = {"anyone", "logged-in users", "signed by Stripe", "staff", "API keys"}

ANY_ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"])  # these ask nothing about the database

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 250


def found_in(modules: Sequence[Module], question: Callable[[Module], object]) -> dict[str, object]:
    """Return what the question finds, by name; empty when all is well."""
    return {module.name: found for module in modules if (found := question(module))}


# ---- who may import whom


def test_every_room_imports_only_what_it_may() -> None:
    assert found_in(OF_ALL, forbidden_imports) == {}


@pytest.mark.parametrize(
    ("path", "source", "culprit"),
    [
        ("ledger/posting.py", "from flask import g", "flask.g"),
        ("ledger/posting.py", "import stripe", "stripe"),
        ("ledger/posting.py", "def f():\n    from payapp.auth.models import User", "payapp.auth.models.User"),
        ("ledger/holds.py", "from ..billing import models", "payapp.billing.models"),
        ("billing/checkout/starting.py", "from payapp.extensions import db", "payapp.extensions.db"),
        ("billing/checkout/starting.py", "from stripe import Event", "stripe.Event"),
        ("billing/checkout/starting.py", "from payapp.credits import routes", "payapp.credits.routes"),
        ("stripe_service/connection.py", "import sqlalchemy", "sqlalchemy"),
        ("webhooks/inbox.py", "from flask import request", "flask.request"),
        ("webhooks/handlers/refund.py", "from payapp.ledger.posting import grant", "payapp.ledger.posting.grant"),
        ("credits/routes.py", "import stripe.error", "stripe.error"),
        ("credits/routes.py", "from sqlalchemy import select", "sqlalchemy.select"),
        ("credits/routes.py", "from payapp.ledger.models import accounts", "payapp.ledger.models.accounts"),
        ("jobs/tasks.py", "from fake_stripe.server import serve", "fake_stripe.server.serve"),
        ("cli/dev.py", "from fake_stripe.server import serve", "fake_stripe.server.serve"),
        ("cli/stripe_commands.py", "from payapp.webhooks.inbox import replay", "payapp.webhooks.inbox.replay"),
        ("admin/users.py", "from payapp.ledger.posting import grant", "payapp.ledger.posting.grant"),
        ("ledger/posting.py", "import importlib\nimportlib.import_module('fl' + 'ask')", "a computed name"),
    ],
)
def test_a_forbidden_import_is_noticed(path: str, source: str, culprit: str) -> None:
    assert forbidden_imports(Module(path, source)) == [culprit]


def test_the_stand_in_imports_nothing_of_payapp() -> None:
    source = "from payapp.config import Settings"
    assert forbidden_imports(Module("http/api.py", source, "fake_stripe")) == ["payapp.config.Settings"]
    assert forbidden_imports(Module("http/api.py", "from fake_stripe.errors import no_such", "fake_stripe")) == []


def test_the_mailbox_imports_nothing_of_payapp() -> None:
    source = "from payapp.config import Settings\nfrom fake_stripe.server import serve"
    assert forbidden_imports(Module("pages.py", source, "local_mailbox")) == [
        "fake_stripe.server.serve",
        "payapp.config.Settings",
    ]


def test_nothing_imports_in_a_circle() -> None:
    assert find_circle(MODULES) == []
    assert find_circle(OF_THE_STAND_IN) == []
    assert find_circle(OF_THE_MAILBOX) == []


def test_a_circle_is_noticed() -> None:
    holds = Module("ledger/holds.py", "def f():\n    from payapp.ledger.posting import grant")
    posting = Module("ledger/posting.py", "if TYPE_CHECKING:\n    from payapp.ledger import holds")
    assert set(find_circle([holds, posting])) == {"payapp.ledger.holds", "payapp.ledger.posting"}
    assert find_circle([holds, Module("ledger/posting.py", "import payapp.database.base")]) == []


def test_the_stripe_package_has_one_wall() -> None:
    importers = [module.path for module in OF_ALL if is_within_any(module, "stripe")]
    assert [path for path in importers if not path.startswith(STRIPE_IMPORTERS)] == []
    assert len(importers) > 2


def is_within_any(module: Module, prefix: str) -> bool:
    return any(is_within(name, [prefix]) for name in imports_of(module))


# ---- who may enter


def test_every_blueprint_declares_who_may_enter() -> None:
    doors = [module for module in MODULES if makes_blueprint(module)]
    assert {module.path: declared_access(module) for module in doors if declared_access(module) not in WHO} == {}
    assert len(doors) > 4


# ---- CSRF


@ANY_ENGINE
def test_every_route_that_changes_something_wants_a_csrf_token(app: Flask, visitor: Visitor, session: Session) -> None:
    become_staff(visitor, session)  # a stranger would be sent to the login page first, and for others no desk is there
    refused, allowed = 0, set()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            response = visitor.client.open(address_of(app, rule), method=method, headers={"Accept": "application/json"})
            if response.status_code == 400 and (response.get_json(silent=True) or {}).get("code") == "csrf_failed":
                refused += 1
            else:
                allowed.add(rule.endpoint)
    assert allowed == set(WITHOUT_CSRF)
    assert refused > 3


def access_of(app: Flask, rule: Rule) -> str:
    blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
    return str(vars(sys.modules[blueprint.import_name]).get("ACCESS", "")) if blueprint else ""


def address_of(app: Flask, rule: Rule) -> str:
    """Return an address that leads to the route, with 1 for everything it asks for."""
    arguments: dict[str, Any] = {name: 1 for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, arguments, method=next(iter(rule.methods or ["GET"])))


# ---- webhooks


@pytest.mark.parametrize("event_type", HANDLERS)
def test_every_handled_event_type_has_a_test(event_type: str) -> None:
    tests = PROJECT_ROOT / "tests" / "webhooks"
    assert any(f'"{event_type}"' in path.read_text() for path in tests.rglob("test_*.py"))


# ---- commits and credits


def unexpected_commits(module: Module) -> set[str]:
    """Return the functions that commit, in a module that is neither a door nor named."""
    is_door = module.path.startswith(DOORS_THAT_COMMIT) or module.path.endswith("/routes.py")
    return set() if is_door or module.path in MAY_COMMIT else functions_that_commit(module)


def test_only_doors_and_the_named_commit() -> None:
    assert found_in(MODULES, unexpected_commits) == {}


def test_a_commit_in_the_core_is_noticed() -> None:
    source = "def grant(session):\n    with x:\n        session.commit()\n"
    assert unexpected_commits(Module("ledger/posting.py", source)) == {"grant"}
    assert unexpected_commits(Module("credits/routes.py", source)) == set()


def test_those_named_do_commit() -> None:
    """A name that is no longer needed is taken off the list."""
    assert all(functions_that_commit(BY_PATH[path]) for path in MAY_COMMIT)
    assert functions_that_commit(BY_PATH["billing/checkout/purchases.py"]) == {"settle_with_stripe"}
    assert functions_that_commit(BY_PATH["features/charging.py"]) == {"charge_for", "capture_when_done"}


def test_only_the_ledger_writes_credits() -> None:
    others = [module for module in MODULES if not module.path.startswith("ledger/")]
    assert found_in(others, writes_to_credit_columns) == {}
    assert writes_to_credit_columns(BY_PATH["ledger/posting.py"])


# ---- settings, templates, sizes


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert settings_listed_in((PROJECT_ROOT / ".env.example").read_text()) == settings_named_in(BY_PATH["config.py"])


def test_only_config_reads_the_environment() -> None:
    assert found_in(OF_ALL, reads_environment) == {}  # config.py does so through environs


def test_templates_work_under_the_security_policy() -> None:
    paths = list((PACKAGE / "templates").rglob("*.html"))
    found = {path.relative_to(PACKAGE).as_posix(): forbidden_markup(path.read_text()) for path in paths}
    assert {path: markup for path, markup in found.items() if markup} == {}
    assert len(found) > 10


def test_every_module_says_what_it_is() -> None:
    assert found_in(OF_ALL, lacks_docstring) == {}


def test_nothing_is_too_long_to_read() -> None:
    assert found_in(OF_ALL, lambda module: oversized(module, FUNCTION_LINES_MAX, FILE_LINES_MAX)) == {}
