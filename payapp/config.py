"""Settings: read once from the environment, checked at the start; a wrong one stops the start with its name.

docs/operations.md and .env.example describe each. Names are those of the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from environs import Env, EnvError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from payapp.auth.secret_keys import KEY_BYTES_MIN, find_weakness, keep_key_at
from payapp.database.base import normalize_url
from payapp.mail.mail_url import MailSettingError, MailTransport, parse_mail_url, parse_sender

PROJECT_ROOT = Path(__file__).resolve().parent.parent
STRIPE_CHECKOUT_ORIGIN = "https://checkout.stripe.com"

# In development, with no Stripe key given, the SDK talks to the local stand-in (fake_stripe).
LOCAL_STRIPE_API_BASE = "http://localhost:8420"
LOCAL_STRIPE_SECRET_KEY = "sk_test_payapp_local"  # nosec B105  # noqa: S105  (opens nothing but the stand-in)
LOCAL_STRIPE_WEBHOOK_SECRET = "whsec_payapp_local"  # nosec B105  # noqa: S105  (known to all)

# Anybody can read these here: in production they would let anybody in.
KNOWN_SECRETS = {LOCAL_STRIPE_SECRET_KEY, LOCAL_STRIPE_WEBHOOK_SECRET}


class ConfigError(Exception):
    """A setting is missing or wrong; the message names it and says what it should be."""


@dataclass(frozen=True)
class Settings:
    """Everything payapp reads from its environment. Money, secrets and addresses only; rules live in code."""

    is_production: bool
    instance_path: Path
    database_url: str
    secret_key: str
    secret_key_fallbacks: list[str]
    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secrets: list[str]
    stripe_api_base: str
    app_base_url: str
    trusted_hosts: list[str]
    trusted_proxies: int
    ratelimit_storage_uri: str
    mail_transport: MailTransport | None  # None: no mails, and nothing that needs them
    mail_from: str
    stripe_price_ids: dict[str, str] = field(default_factory=dict)

    @property
    def checkout_origins(self) -> list[str]:
        """Origins that a Buy form may lead to: Stripe's page and, when set, the other API base's own."""
        if not self.stripe_api_base:
            return [STRIPE_CHECKOUT_ORIGIN]
        parts = urlsplit(self.stripe_api_base)
        return [STRIPE_CHECKOUT_ORIGIN, f"{parts.scheme}://{parts.netloc}"]

    @property
    def is_https(self) -> bool:
        """Whether people come over HTTPS."""
        return self.app_base_url.startswith("https://")

    @property
    def is_livemode(self) -> bool:
        """Whether the key moves real money. Events of the other mode are never believed."""
        return self.stripe_secret_key.startswith(("sk_live_", "rk_live_"))


def load_settings(overrides: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `.env` and the environment; `overrides` go first (tests use them).

    Raises ConfigError naming the first setting that is missing, unreadable or unsafe.
    """
    env = Env()
    env.read_env(str(PROJECT_ROOT / ".env"), recurse=False)
    reader = _Reader(env, dict(overrides or {}))
    try:
        return _read(reader)
    except (EnvError, MailSettingError) as error:
        raise ConfigError(str(error)) from error


@dataclass
class _Reader:
    """The environment, with overrides on top (an empty one hides the environment's); empty counts as not set."""

    env: Env
    overrides: dict[str, str]

    def text(self, name: str, default: str = "") -> str:
        value = self.overrides[name] if name in self.overrides else self.env.str(name, "")
        return (value or default).strip()

    def listed(self, name: str) -> list[str]:
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def number(self, name: str, default: int) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal():
            raise ConfigError(f"{name} must be a whole number, not {text!r}")
        return int(text)

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise ConfigError(f"{name} must be set when PAYAPP_ENV is production")
        return value


def _read(reader: _Reader) -> Settings:
    environment = reader.text("PAYAPP_ENV", "development")
    if environment not in ("development", "production"):
        raise ConfigError(f"PAYAPP_ENV must be development or production, not {environment!r}")
    production = environment == "production"
    instance = _read_instance_path(reader)
    if production:
        reader.required("APP_BASE_URL")
    app_base_url = _read_origin(reader, "APP_BASE_URL", "http://localhost:8000")
    has_stand_in = not production and not reader.text("STRIPE_SECRET_KEY")
    return Settings(
        is_production=production,
        instance_path=instance,
        database_url=_read_database_url(reader, instance),
        secret_key=_read_secret_key(reader, production, instance),
        secret_key_fallbacks=_read_former_keys(reader, production),
        app_base_url=app_base_url,
        trusted_hosts=_read_trusted_hosts(reader, production, app_base_url),
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0),
        ratelimit_storage_uri=reader.text("RATELIMIT_STORAGE_URI", "memory://"),
        mail_transport=parse_mail_url(reader.text("MAIL_URL"), production),
        mail_from=parse_sender(reader.text("MAIL_FROM"), urlsplit(app_base_url).hostname or ""),
        stripe_price_ids={
            "starter": reader.text("STRIPE_PRICE_STARTER"),
            "growth": reader.text("STRIPE_PRICE_GROWTH"),
            "pro": reader.text("STRIPE_PRICE_PRO"),
        },
        stripe_secret_key=LOCAL_STRIPE_SECRET_KEY if has_stand_in else _read_stripe_secret_key(reader, production),
        stripe_publishable_key=_read_publishable_key(reader, production),
        stripe_webhook_secrets=_read_secrets(reader, "STRIPE_WEBHOOK_SECRET", production)
        or ([LOCAL_STRIPE_WEBHOOK_SECRET] if has_stand_in else []),
        stripe_api_base=_read_origin(reader, "STRIPE_API_BASE", LOCAL_STRIPE_API_BASE if has_stand_in else ""),
    )


def _read_instance_path(reader: _Reader) -> Path:
    path = Path(reader.text("PAYAPP_INSTANCE_PATH", str(PROJECT_ROOT / "instance"))).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PAYAPP_INSTANCE_PATH must be a folder that payapp may write to: {error}") from error
    return path


def _read_database_url(reader: _Reader, instance: Path) -> str:
    """Return the URL with payapp's driver; a relative SQLite file is one in the project's folder."""
    wrong = ConfigError("DATABASE_URL must be sqlite:///… or postgresql://user:password@host/name")
    try:
        url = make_url(normalize_url(reader.text("DATABASE_URL", f"sqlite:///{instance / 'payapp.db'}")))
    except (ArgumentError, ValueError) as error:
        raise wrong from error
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise wrong
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        url = url.set(database=str(PROJECT_ROOT / url.database))
    return url.render_as_string(hide_password=False)


def _read_stripe_secret_key(reader: _Reader, production: bool) -> str:
    key = reader.required("STRIPE_SECRET_KEY")
    if not key.startswith(("sk_", "rk_")):
        raise ConfigError("STRIPE_SECRET_KEY must be a secret key: it begins with sk_ or rk_")
    if production and key in KNOWN_SECRETS:
        raise ConfigError("STRIPE_SECRET_KEY must be your own: this one is the local stand-in's")
    return key


def _read_publishable_key(reader: _Reader, production: bool) -> str:
    key = reader.required("STRIPE_PUBLISHABLE_KEY") if production else reader.text("STRIPE_PUBLISHABLE_KEY")
    if key and not key.startswith("pk_"):
        raise ConfigError("STRIPE_PUBLISHABLE_KEY must be a publishable key: it begins with pk_")
    return key


def _read_secrets(reader: _Reader, name: str, production: bool) -> list[str]:
    listed = reader.listed(name)
    if production and KNOWN_SECRETS.intersection(listed):
        raise ConfigError(f"{name} must not hold a value that everybody knows")
    return listed


def _read_origin(reader: _Reader, name: str, default: str) -> str:
    """Return scheme, host and port, and nothing else; empty if neither the setting nor `default` is given."""
    value = reader.text(name, default).rstrip("/")
    if not value:
        return ""
    parts = _split_url(value)
    if parts is None or parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{parts.netloc}":
        raise ConfigError(f"{name} must be an origin such as https://app.example.com, not {value!r}")
    return value


def _split_url(value: str) -> SplitResult | None:
    """Return the parts of an address, None when host or port can't be read or a user name stands before them."""
    try:
        parts = urlsplit(value)
        is_plain = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    return parts if is_plain and value.isascii() and value.isprintable() and " " not in value else None


def _read_trusted_hosts(reader: _Reader, production: bool, app_base_url: str) -> list[str]:
    """Development trusts this machine's names; production trusts what is listed, else APP_BASE_URL's host."""
    listed = reader.listed("TRUSTED_HOSTS")
    if listed or not production:
        return listed or ["localhost", "127.0.0.1"]
    return [urlsplit(app_base_url).hostname or ""]


def _read_secret_key(reader: _Reader, production: bool, instance: Path) -> str:
    """Return SECRET_KEY; development makes one once and keeps it in the instance folder."""
    if not production:
        return reader.text("SECRET_KEY") or _kept_secret_key(instance / "secret_key")
    return _strong("SECRET_KEY", reader.required("SECRET_KEY"))


def _read_former_keys(reader: _Reader, production: bool) -> list[str]:
    """What a former key has signed counts still, so it must be as good as today's."""
    keys = reader.listed("SECRET_KEY_FALLBACKS")
    return [_strong("SECRET_KEY_FALLBACKS", key) for key in keys] if production else keys


def _strong(name: str, key: str) -> str:
    if weakness := find_weakness(key):
        raise ConfigError(f"{name} must be {KEY_BYTES_MIN} bytes or more that nobody can guess: a key {weakness}")
    return key


def _kept_secret_key(path: Path) -> str:
    if key := keep_key_at(path):
        return key
    raise ConfigError(f"SECRET_KEY: {path} is empty; delete it and start again")
