"""Who may import whom: the table of docs/architecture.md, as the house stands."""

from tests.source_rules import Module, imports_of, is_within

# Path below payapp/ → all it may import besides the standard library; the longest path counts.
CORE_MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "clock.py": (),
    "formats.py": (),
    "deadline.py": (),
    "stripe_json.py": (),
    "db.py": ("sqlalchemy",),
    "secret_keys.py": (),
    "config.py": ("environs", "sqlalchemy", "payapp.database.base", "payapp.auth.secret_keys"),
    "htmx.py": ("flask",),
    "own_paths.py": ("flask",),
    "sql_functions.py": ("sqlalchemy", "payapp.database.base"),
    "ledger/": (
        "sqlalchemy",
        "payapp.ledger",
        "payapp.database.base",
        "payapp.database.sql_functions",
        "payapp.database.clock",
    ),
    # The dataclasses that cross the wall, and the wall.
    "stripe_objects.py": ("payapp.stripe_types.json_reading",),
    "stripe_returns.py": ("payapp.stripe_types.json_reading", "payapp.stripe_types.objects"),
    "stripe_requests.py": ("payapp.stripe_types.objects",),
    "stripe_service/": (
        *("stripe", "tenacity", "payapp.stripe_service", "payapp.stripe_types.objects", "payapp.stripe_types.returns"),
        *(
            "payapp.stripe_types.requests",
            "payapp.stripe_types.json_reading",
            "payapp.stripe_service.deadline",
            "payapp.database.clock",
        ),
    ),
    "billing/": (
        *(
            "sqlalchemy",
            "payapp.billing",
            "payapp.ledger",
            "payapp.stripe_service",
            "payapp.stripe_types.objects",
            "payapp.stripe_types.requests",
            "payapp.stripe_types.returns",
        ),
        *("payapp.database.base", "payapp.database.sql_functions", "payapp.database.clock"),
    ),
    "auth/models.py": ("sqlalchemy", "flask_login", "payapp.database.base", "payapp.database.clock", "payapp.ledger"),
    "auth/api_keys/__init__.py": (
        "sqlalchemy",
        "payapp.auth.api_keys",
        "payapp.database.base",
        "payapp.database.clock",
    ),
    "auth/api_keys/models.py": ("sqlalchemy", "payapp.database.base", "payapp.database.clock"),
    "auth/limits.py": ("sqlalchemy", "payapp.auth.models", "payapp.database.base", "payapp.database.sql_functions"),
    "auth/email_addresses.py": ("email_validator",),
    "auth/accounts.py": ("sqlalchemy", "argon2", "payapp.auth.models", "payapp.auth.email_addresses"),
    "api/models.py": ("sqlalchemy", "payapp.database.base", "payapp.database.clock", "payapp.ledger.makers"),
    "api/idempotency.py": (
        "sqlalchemy",
        "payapp.api.models",
        "payapp.database.base",
        "payapp.database.clock",
        "payapp.ledger.makers",
    ),
    "webhooks/inbox.py": (
        *("sqlalchemy", "payapp.billing", "payapp.stripe_types.objects", "payapp.webhooks.handlers"),
        *("payapp.webhooks.models", "payapp.database.base", "payapp.database.clock"),
    ),
    "webhooks/models.py": ("sqlalchemy", "payapp.database.base", "payapp.database.clock"),
    "webhooks/handlers/": (
        *("sqlalchemy", "payapp.billing", "payapp.stripe_types.objects", "payapp.stripe_types.returns"),
        *("payapp.webhooks.handlers", "payapp.database.base", "payapp.database.clock"),
    ),
}
# The rest are doors. They take input, call the core and answer; the core asks the database and Stripe.
KEPT_FROM_DOORS = ("stripe", "fake_stripe", "payapp.ledger.models")
# A query belongs into the core: a route, a command or a job has no use for sqlalchemy beyond its errors and types.
THIN_FILES = ("routes.py", "jobs.py", "sweeping.py", "operations.py", "pages.py", "errors.py", "services.py")
THIN = (*THIN_FILES, "cli/", "admin/", "api/")
SQLALCHEMY_FOR_THIN = ("sqlalchemy.exc", "sqlalchemy.orm.Session", "sqlalchemy.engine")


def forbidden_imports(module: Module) -> list[str]:
    """Return what the module imports and may not."""
    found = imports_of(module)
    if module.path.startswith("fake_stripe/"):
        return sorted(name for name in found if is_within(name, ["payapp"]) and not is_within(name, ["fake_stripe"]))
    core = max((path for path in CORE_MAY_IMPORT if module.path.startswith(path)), key=len, default=None)
    if core is not None:
        return sorted(name for name in found if not is_within(name, CORE_MAY_IMPORT[core]))
    kept = [name for name in KEPT_FROM_DOORS if not (module.path.startswith("cli/") and name == "fake_stripe")]
    return sorted(name for name in found if is_within(name, kept) or _is_a_query(module.path, name))


def _is_a_query(path: str, name: str) -> bool:
    is_thin = path.endswith("/routes.py") or path.startswith(THIN)
    return is_thin and is_within(name, ["sqlalchemy"]) and not is_within(name, SQLALCHEMY_FOR_THIN)
