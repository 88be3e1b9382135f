"""Settings: what is read, and what stops the start with its name."""

import os
from pathlib import Path

import pytest

from payapp import config
from payapp.config import (
    LOCAL_STRIPE_API_BASE,
    LOCAL_STRIPE_SECRET_KEY,
    LOCAL_STRIPE_WEBHOOK_SECRET,
    PROJECT_ROOT,
    ConfigError,
    Settings,
    load_settings,
)
from tests.warm import run_warm

PRODUCTION = {
    "PAYAPP_ENV": "production",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "STRIPE_SECRET_KEY": "sk_live_abc",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_abc",
    "APP_BASE_URL": "https://app.example.com",
}

OLD, OLDER = "7d0b6a5f4c8e4d1b9a2f3c6e5d8b7a90", "e1c9d8b7a6f5e4d3c2b1a0f9e8d7c6b5"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine's, and an instance folder of the test's own."""
    for name in os.environ:
        if name.startswith(("STRIPE_", "PAYAPP_", "APP_", "SECRET_", "TRUSTED_", "RATELIMIT_", "DATABASE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PAYAPP_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setattr(config, "PROJECT_ROOT", tmp_path / "project")  # has no .env


def load_production(**changed: str) -> Settings:
    return load_settings(PRODUCTION | changed)


def test_development_needs_nothing(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.is_production is False
    assert settings.database_url == f"sqlite:///{tmp_path}/payapp.db"
    assert (settings.stripe_secret_key, settings.stripe_api_base) == (LOCAL_STRIPE_SECRET_KEY, LOCAL_STRIPE_API_BASE)
    assert settings.stripe_webhook_secrets == [LOCAL_STRIPE_WEBHOOK_SECRET]
    assert settings.app_base_url == "http://localhost:8000"
    assert settings.trusted_hosts == ["localhost", "127.0.0.1"]
    assert (settings.trusted_proxies, settings.ratelimit_storage_uri) == (0, "memory://")
    assert settings.stripe_price_ids == {"starter": "", "growth": "", "pro": ""}
    assert settings.is_livemode is False


def test_production_takes_what_it_is_given() -> None:
    settings = load_production(STRIPE_PRICE_PRO="price_1", SECRET_KEY_FALLBACKS=f"{OLD}, {OLDER}")
    assert settings.is_production is True
    assert (settings.stripe_secret_key, settings.stripe_api_base) == ("sk_live_abc", "")
    assert settings.checkout_origins == ["https://checkout.stripe.com"]
    assert settings.trusted_hosts == ["app.example.com"]
    assert settings.secret_key_fallbacks == [OLD, OLDER]
    assert settings.stripe_price_ids["pro"] == "price_1"
    assert settings.is_livemode is True


@pytest.mark.parametrize("name", ["SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "APP_BASE_URL"])
@pytest.mark.parametrize("value", ["", "   "])
def test_production_requires(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be set when PAYAPP_ENV is production$"):
        load_production(**{name: value}, TRUSTED_HOSTS="app.example.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "dev"),
        ("SECRET_KEY", "fifteen letters"),
        ("SECRET_KEY", "change-me-in-production"),
        ("SECRET_KEY", "CHANGE-ME-IN-PRODUCTION"),
        ("SECRET_KEY", "a key for tests only"),
        ("SECRET_KEY", "super secret string"),
        ("SECRET_KEY_FALLBACKS", f"{OLD}, change-me-in-production"),
        ("SECRET_KEY_FALLBACKS", "dev"),
        ("STRIPE_SECRET_KEY", LOCAL_STRIPE_SECRET_KEY),
        ("STRIPE_SECRET_KEY", "pk_live_abc"),
        ("STRIPE_PUBLISHABLE_KEY", "sk_live_abc"),
        ("STRIPE_WEBHOOK_SECRET", LOCAL_STRIPE_WEBHOOK_SECRET),
        ("STRIPE_WEBHOOK_SECRET", f"whsec_mine, {LOCAL_STRIPE_WEBHOOK_SECRET}"),
    ],
)
def test_production_refuses(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must"):
        load_production(**{name: value})


def test_production_may_run_without_a_webhook_secret() -> None:
    assert load_production(STRIPE_WEBHOOK_SECRET="").stripe_webhook_secrets == []


def test_development_takes_any_key() -> None:
    assert load_settings({"SECRET_KEY": "dev", "SECRET_KEY_FALLBACKS": "changeme"}).secret_key == "dev"


def test_no_error_tells_a_secret() -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY"):
        with pytest.raises(ConfigError) as refused:
            load_production(**{name: "hush"})
        assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYAPP_ENV", "staging"),
        ("PAYAPP_ENV", "Production"),
        ("TRUSTED_PROXIES", "one"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "1.5"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://root@localhost/payapp"),
        ("DATABASE_URL", "postgresql://host:port/payapp"),
        ("DATABASE_URL", "postgresql+psycopg2://localhost/payapp"),
        ("PAYAPP_INSTANCE_PATH", "/dev/null/instance"),
        ("STRIPE_PUBLISHABLE_KEY", "sk_test_abc"),
        ("STRIPE_SECRET_KEY", "whsec_abc"),
    ],
)
def test_it_names_what_is_wrong(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must"):
        load_settings({name: value})


@pytest.mark.parametrize("name", ["APP_BASE_URL", "STRIPE_API_BASE"])
@pytest.mark.parametrize(
    "value",
    [
        "app.example.com",
        "//app.example.com",
        "ftp://app.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://app.example.com/shop",
        "https://app.example.com?a=1",
        "https://app.example.com#top",
        "https://user:password@app.example.com",
        "https://app.example.com:port",
        "https://app.example.com:99999",
        "https://app.example.com:0",
        "https://[::1",
        "https://app.exa mple.com",
        "https://app.example.com\nevil",
        "https://b\u00fccher.example",
    ],
)
def test_it_refuses_what_is_no_origin(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must be an origin such as https://app.example.com"):
        load_settings({name: value})


@pytest.mark.parametrize(
    "value", ["http://localhost:8000", "https://app.example.com", "https://app.example.com/", "http://[::1]:8000"]
)
def test_it_takes_origins(value: str) -> None:
    assert load_settings({"APP_BASE_URL": value}).app_base_url == value.rstrip("/")


def test_test_keys_talk_to_stripe_itself() -> None:
    settings = load_settings({"STRIPE_SECRET_KEY": "sk_test_abc"})
    assert (settings.stripe_secret_key, settings.stripe_api_base) == ("sk_test_abc", "")
    assert settings.stripe_webhook_secrets == []  # the stand-in's well-known secret would let anybody in
    assert settings.is_livemode is False


def test_restricted_keys_know_their_mode() -> None:
    assert load_settings({"STRIPE_SECRET_KEY": "rk_live_abc"}).is_livemode is True
    assert load_settings({"STRIPE_SECRET_KEY": "rk_test_abc"}).is_livemode is False


def test_the_stand_in_may_be_elsewhere() -> None:
    settings = load_settings({"STRIPE_API_BASE": "http://localhost:9999"})
    assert settings.stripe_api_base == "http://localhost:9999"
    assert settings.checkout_origins == ["https://checkout.stripe.com", "http://localhost:9999"]


def test_lists_are_separated_by_commas() -> None:
    settings = load_settings(
        {"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old,", "TRUSTED_HOSTS": "a.example,.b.example"}
    )
    assert settings.stripe_webhook_secrets == ["whsec_new", "whsec_old"]
    assert settings.trusted_hosts == ["a.example", ".b.example"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("postgresql://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("postgresql+psycopg://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("sqlite:////var/lib/payapp.db", "sqlite:////var/lib/payapp.db"),
    ],
)
def test_database_urls_get_our_driver(given: str, wanted: str) -> None:
    assert load_settings({"DATABASE_URL": given}).database_url == wanted


def test_a_relative_sqlite_file_is_in_the_projects_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "PROJECT_ROOT", PROJECT_ROOT)
    url = load_settings({"DATABASE_URL": "sqlite:///instance/payapp.db"}).database_url
    assert url == f"sqlite:///{PROJECT_ROOT}/instance/payapp.db"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_BASE_URL", "https://from.environment")
    assert load_settings().app_base_url == "https://from.environment"
    assert load_settings({"APP_BASE_URL": "https://from.override"}).app_base_url == "https://from.override"
    assert load_settings({"APP_BASE_URL": ""}).app_base_url == "http://localhost:8000"


def test_the_env_file_is_read_and_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_BASE_URL=https://from.file\nSTRIPE_PRICE_PRO='price_quoted'\nTRUSTED_HOSTS=\n")
    monkeypatch.setattr(config, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("STRIPE_PRICE_PRO", "price_from_environment")
    for name in ("APP_BASE_URL", "TRUSTED_HOSTS"):  # the file's values stay in the environment: take them out again
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    settings = load_settings()
    assert settings.app_base_url == "https://from.file"
    assert settings.stripe_price_ids["pro"] == "price_from_environment"


def test_a_wrong_setting_stops_the_start() -> None:
    status, printed = run_warm("flask", ["routes"], {**os.environ, "PAYAPP_ENV": "production"})
    assert status != 0
    assert "APP_BASE_URL must be set when PAYAPP_ENV is production" in printed
