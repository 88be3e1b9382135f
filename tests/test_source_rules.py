"""The rules of tests/source_rules.py, each shown a bad example: a rule that can't fail holds nothing."""

import pytest

from tests.source_rules import (
    Module,
    declared_access,
    forbidden_markup,
    lacks_docstring,
    makes_blueprint,
    oversized,
    reads_environment,
    settings_listed_in,
    settings_named_in,
    writes_to_credit_columns,
)


def test_a_blueprint_without_declaration_is_noticed() -> None:
    module = Module("credits/routes.py", "blueprint = Blueprint('credits', __name__)\n")
    assert (makes_blueprint(module), declared_access(module)) == (True, "")


@pytest.mark.parametrize(
    "source",
    [
        "user.credits = 5",
        "user.credits_held -= 5",
        "User(email='a', credits=5)",
        "session.execute(update(User).where(User.id == 1).values(credits=User.credits + 5))",
        "session.execute(update(customers).values(credits_held=0))",
        "insert_into(session, User).values(credits=5)",
        "session.execute(text('UPDATE users SET credits = 0'))",
        "session.execute(text('INSERT INTO users (credits) VALUES (5)'))",
    ],
)
def test_credits_written_elsewhere_are_noticed(source: str) -> None:
    assert writes_to_credit_columns(Module("billing/checkout.py", source)) == [1]


def test_a_setting_is_noticed() -> None:
    assert settings_named_in(Module("config.py", "reader.text('MAIL_URL') + f(x, 'console')")) == {"MAIL_URL"}
    assert settings_listed_in("# A_B=1\nMAIL_URL=\nPORT=80\n") == {"MAIL_URL", "PORT"}


@pytest.mark.parametrize("source", ["os.environ['A']", "x = os.getenv('A')", "from os import environ"])
def test_a_look_into_the_environment_is_noticed(source: str) -> None:
    assert reads_environment(Module("credits/routes.py", source))
    assert not reads_environment(Module("credits/routes.py", "from os import getpid\nos.getpid()"))


def test_a_module_without_words_is_noticed() -> None:
    assert lacks_docstring(Module("credits/routes.py", "import os\n"))


@pytest.mark.parametrize(
    "markup",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<script defer type="module">',
        '<form hx-on::after-request="this.reset()">',
        '<a onclick="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_markup_that_the_policy_forbids_is_noticed(markup: str) -> None:
    assert forbidden_markup(markup)
    assert forbidden_markup('<script defer src="/a.js"></script><p class="style" data-season="x">once = "1"</p>') == []


def test_what_is_too_long_is_noticed() -> None:
    body = "    pass\n" * 60
    assert oversized(Module("a.py", f"def f():\n{body}"), 60, 250) == ["f"]
    assert oversized(Module("a.py", f"def f():\n{body[9:]}"), 60, 250) == []
    assert oversized(Module("a.py", "x = 1\n" * 251), 60, 250) == ["the file"]
