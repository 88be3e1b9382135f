"""Who may import whom: the table of docs/architecture.md, as the house stands."""

from tests.source_rules import Module, imports_of, is_within

DATABASE = ("sqlalchemy", "payapp.database")
BILLING = (*DATABASE, "payapp.billing", "payapp.stripe_types")

# Path below payapp/ → all it may import besides the standard library; the longest path counts.
CORE_MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "config.py": ("environs", *DATABASE, "payapp.auth.secret_keys", "payapp.mail.mail_url"),
    "database/": DATABASE,
    "audit/": (*DATABASE, "payapp.audit"),
    "staff/": (
        *(*BILLING, "payapp.audit", "payapp.ledger", "payapp.stripe_service", "payapp.staff"),
        *("payapp.auth.accounts", "payapp.auth.api_keys", "payapp.auth.login_sessions", "payapp.auth.models"),
        "payapp.auth.factors.owned",
        "payapp.mail.outbox",
        *("payapp.webhooks.inbox", "payapp.webhooks.models"),
    ),
    "database/waiting.py": (*DATABASE, "psycopg", "tenacity"),
    "ledger/": (*DATABASE, "payapp.ledger"),
    # The dataclasses that cross the wall, and the wall.
    "stripe_types/": ("payapp.stripe_types",),
    "stripe_service/": (
        *("stripe", "tenacity", "payapp.stripe_service", "payapp.stripe_types"),
        *("payapp.database.clock", "payapp.web.seats"),
    ),
    "billing/": (*BILLING, "payapp.ledger", "payapp.stripe_service"),
    "auth/models.py": (*DATABASE, "flask_login", "payapp.ledger"),
    "auth/api_keys/__init__.py": (*DATABASE, "payapp.auth.api_keys", "payapp.auth.random_secrets"),
    "auth/api_keys/models.py": DATABASE,
    "auth/factors/models.py": DATABASE,
    "auth/factors/sealing.py": ("cryptography",),
    "auth/factors/totp.py": (*DATABASE, "pyotp", "payapp.auth.factors"),
    "auth/factors/recovery_codes.py": (*DATABASE, "payapp.auth.factors.models", "payapp.auth.random_secrets"),
    "auth/factors/challenges.py": (*DATABASE, "payapp.auth.factors.models"),
    "auth/factors/passkeys.py": (*DATABASE, "payapp.auth.factors.models"),
    "auth/factors/ceremonies.py": (*DATABASE, "webauthn", "payapp.auth.factors"),
    "auth/factors/owned.py": (*DATABASE, "payapp.auth.factors", "payapp.auth.login_sessions"),
    "auth/second_step/models.py": DATABASE,
    "auth/second_step/pending_logins.py": (
        *DATABASE,
        "payapp.auth.accounts",
        "payapp.auth.models",
        "payapp.auth.random_secrets",
        "payapp.auth.second_step",
    ),
    "account/browsers.py": (),
    "auth/limits.py": (*DATABASE, "payapp.auth.models"),
    "auth/secret_keys.py": (),
    "auth/random_secrets.py": (),
    "auth/passwords.py": ("wtforms", "zxcvbn"),
    "auth/email_addresses.py": ("email_validator",),
    "features/qr_batches/models.py": DATABASE,
    "features/qr_batches/__init__.py": (*DATABASE, "payapp.features.qr_batches", "payapp.ledger.hold_views"),
    # What a mail says, and to whom; doors order it, and jobs/mails.py sends it.
    "mail/": (*DATABASE, "payapp.mail"),
    "mail/links.py": (*DATABASE, "payapp.mail", "payapp.auth.random_secrets"),
    "mail/mail_url.py": (),
    "mail/transport.py": ("payapp.mail.mail_url",),
    "mail/rendering.py": ("jinja2", "markupsafe", "payapp.mail.kinds", "payapp.mail.mail_url", "payapp.database.clock"),
    "mail/preparing.py": (*DATABASE, "payapp.mail", "payapp.auth.accounts", "payapp.auth.models"),
    "auth/by_mail/__init__.py": (
        *(*DATABASE, "payapp.mail.kinds", "payapp.mail.links"),
        *("payapp.auth.accounts", "payapp.auth.api_keys", "payapp.auth.login_sessions", "payapp.auth.factors.owned"),
    ),
    "auth/hashing.py": ("payapp.web.seats",),
    "auth/accounts.py": (
        *(*DATABASE, "argon2", "payapp.ledger"),
        *("payapp.auth.models", "payapp.auth.email_addresses", "payapp.auth.hashing"),
    ),
    "api/models.py": (*DATABASE, "payapp.ledger.makers"),
    "api/own_balance.py": (*DATABASE, "payapp.auth.api_keys", "payapp.ledger"),
    "api/idempotency.py": (*DATABASE, "payapp.api.models", "payapp.ledger"),
    "webhooks/inbox.py": (*BILLING, "payapp.webhooks.handlers", "payapp.webhooks.models"),
    "webhooks/one_statement.py": (*BILLING, "payapp.webhooks"),
    "webhooks/models.py": DATABASE,
    "webhooks/handlers/": (*BILLING, "payapp.webhooks.handlers"),
    # Shared by pages and answers: they know nothing themselves.
    "web/formats.py": (),
    "web/htmx.py": ("flask",),
    "web/own_paths.py": ("flask",),
    "web/seats.py": ("flask",),
}
# Programs of their own, which an app in any language can use.
OTHER_PROGRAMS = ("fake_stripe", "local_mailbox")
# The rest are doors. They take input, call the core and answer; the core asks the database and Stripe.
KEPT_FROM_DOORS = ("stripe", *OTHER_PROGRAMS, "payapp.ledger.models")
# A query belongs into the core: a route, a command or a job has no use for sqlalchemy beyond its errors and types.
# What staff do is done through payapp/staff, which writes it down: their doors reach for nothing of it themselves.
DOORS_OF_STAFF = ("cli/", "admin/")
WRITTEN_DOWN = (
    *("payapp.audit.write_down", "payapp.ledger.adjustments", "payapp.ledger.posting.grant"),
    *("payapp.auth.login_sessions.end_logins", "payapp.auth.api_keys.create_api_key"),
    *("payapp.auth.api_keys.revoke_by_prefix", "payapp.auth.api_keys.rotate_by_prefix"),
    *("payapp.billing.returns.refunding.refund_purchase", "payapp.billing.checkout.accepting.accept_checkout"),
    *("payapp.webhooks.inbox.accept", "payapp.webhooks.inbox.dismiss", "payapp.webhooks.inbox.replay"),
)
THIN = ("web/", "jobs/", "probes/", "cli/", "admin/", "api/")
SQLALCHEMY_FOR_THIN = ("sqlalchemy.exc", "sqlalchemy.orm.Session", "sqlalchemy.engine")


def forbidden_imports(module: Module) -> list[str]:
    """Return what the module imports and may not."""
    found = imports_of(module)
    if module.program in OTHER_PROGRAMS:
        others = [program for program in ("payapp", *OTHER_PROGRAMS) if program != module.program]
        return sorted(name for name in found if is_within(name, others))
    core = max((path for path in CORE_MAY_IMPORT if module.path.startswith(path)), key=len, default=None)
    if core is not None:
        return sorted(name for name in found if not is_within(name, CORE_MAY_IMPORT[core]))
    kept = (*KEPT_FROM_DOORS, *(WRITTEN_DOWN if module.path.startswith(DOORS_OF_STAFF) else ()))
    return sorted(name for name in found if is_within(name, kept) or _is_a_query(module.path, name))


def _is_a_query(path: str, name: str) -> bool:
    is_thin = path.endswith("/routes.py") or path.startswith(THIN)
    return is_thin and is_within(name, ["sqlalchemy"]) and not is_within(name, SQLALCHEMY_FOR_THIN)
