"""Settings: read once from the environment, checked at the start; a wrong one stops the start with its name.

docs/operations.md and .env.example describe each. Names are those of the environment.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env, EnvError

from payapp.db import normalize_url

PROJECT_ROOT = Path(__file__).resolve().parent.parent
STRIPE_CHECKOUT_ORIGIN = "https://checkout.stripe.com"
KNOWN_SECRETS = {"change-me", "changeme", "dev", "secret", "your-secret-key"}

# In development, with no Stripe key given, the SDK talks to the local stand-in (payapp/fake_stripe).
LOCAL_STRIPE_API_BASE = "http://localhost:8420"
LOCAL_STRIPE_SECRET_KEY = "sk_test_payapp_local"  # noqa: S105  (opens nothing but the stand-in)
LOCAL_STRIPE_WEBHOOK_SECRET = "whsec_payapp_local"  # noqa: S105


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
    stripe_price_ids: dict[str, str] = field(default_factory=dict)

    @property
    def checkout_origins(self) -> list[str]:
        """Origins that a Buy form may lead to: Stripe's page and, when set, the other API base's own."""
        if not self.stripe_api_base:
            return [STRIPE_CHECKOUT_ORIGIN]
        parts = urlsplit(self.stripe_api_base)
        return [STRIPE_CHECKOUT_ORIGIN, f"{parts.scheme}://{parts.netloc}"]

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
    except EnvError as error:
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
    instance = Path(reader.text("PAYAPP_INSTANCE_PATH", str(PROJECT_ROOT / "instance"))).resolve()
    instance.mkdir(parents=True, exist_ok=True)
    return Settings(
        is_production=production,
        instance_path=instance,
        database_url=normalize_url(reader.text("DATABASE_URL", f"sqlite:///{instance / 'payapp.db'}")),
        secret_key=_read_secret_key(reader, production, instance),
        secret_key_fallbacks=reader.listed("SECRET_KEY_FALLBACKS"),
        app_base_url=_read_origin(reader, "APP_BASE_URL", "http://localhost:8000"),
        trusted_hosts=_read_trusted_hosts(reader, production),
        trusted_proxies=reader.number("TRUSTED_PROXIES", 0),
        ratelimit_storage_uri=reader.text("RATELIMIT_STORAGE_URI", "memory://"),
        stripe_price_ids={
            "starter": reader.text("STRIPE_PRICE_STARTER"),
            "growth": reader.text("STRIPE_PRICE_GROWTH"),
            "pro": reader.text("STRIPE_PRICE_PRO"),
        },
        **_read_stripe(reader, production),
    )


def _read_stripe(reader: _Reader, production: bool) -> dict[str, str | list[str]]:
    """Return the Stripe settings. Without a secret key development talks to the local stand-in."""
    if not production and not reader.text("STRIPE_SECRET_KEY"):
        return {
            "stripe_secret_key": LOCAL_STRIPE_SECRET_KEY,
            "stripe_publishable_key": "",
            "stripe_webhook_secrets": reader.listed("STRIPE_WEBHOOK_SECRET") or [LOCAL_STRIPE_WEBHOOK_SECRET],
            "stripe_api_base": _read_origin(reader, "STRIPE_API_BASE", LOCAL_STRIPE_API_BASE),
        }
    secret_key = reader.required("STRIPE_SECRET_KEY")
    if not secret_key.startswith(("sk_", "rk_")):
        raise ConfigError("STRIPE_SECRET_KEY must be a secret key: it begins with sk_ or rk_")
    return {
        "stripe_secret_key": secret_key,
        "stripe_publishable_key": (
            reader.required("STRIPE_PUBLISHABLE_KEY") if production else reader.text("STRIPE_PUBLISHABLE_KEY")
        ),
        "stripe_webhook_secrets": reader.listed("STRIPE_WEBHOOK_SECRET"),
        "stripe_api_base": _read_origin(reader, "STRIPE_API_BASE", ""),
    }


def _read_origin(reader: _Reader, name: str, default: str) -> str:
    value = reader.text(name, default).rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
        raise ConfigError(f"{name} must be an origin such as https://app.example.com, not {value!r}")
    return value


def _read_trusted_hosts(reader: _Reader, production: bool) -> list[str]:
    """Development trusts this machine's names; production trusts what is listed, else APP_BASE_URL's host."""
    listed = reader.listed("TRUSTED_HOSTS")
    if listed or not production:
        return listed or ["localhost", "127.0.0.1"]
    host = urlsplit(_read_origin(reader, "APP_BASE_URL", "")).hostname
    if not host:
        raise ConfigError("APP_BASE_URL must be set when PAYAPP_ENV is production")
    return [host]


def _read_secret_key(reader: _Reader, production: bool, instance: Path) -> str:
    """Return SECRET_KEY; development makes one once and keeps it in the instance folder."""
    if production:
        key = reader.required("SECRET_KEY")
        if key.lower() in KNOWN_SECRETS or len(key) < 16:
            raise ConfigError("SECRET_KEY must be at least 16 characters that nobody else knows")
        return key
    return reader.text("SECRET_KEY") or _kept_secret_key(instance / "secret_key")


def _kept_secret_key(path: Path) -> str:
    """Read the key at `path`, made on the first call. Two processes starting at once agree on one key."""
    try:
        with path.open("x") as stream:
            stream.write(secrets.token_hex(32))
        path.chmod(0o600)
    except FileExistsError:
        pass
    key = path.read_text().strip()
    if not key:
        raise ConfigError(f"{path} is empty: delete it and start again")
    return key
