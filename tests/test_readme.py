"""What the README promises about selling a feature of one's own: its lines are run as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from payapp.features import FEATURES, Feature, spends_credits
from payapp.ledger.balances import get_balance
from tests.people import Visitor, give_credits

README = (Path(__file__).parent.parent / "README.md").read_text()
LINE, ROUTE, LINE_BY_LETTER, BLOCK = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def shout(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features of the README, in this application; `app` stands in for the blueprint."""
    names: dict[str, Any] = {"Feature": Feature, "spends_credits": spends_credits, "request": request}
    names |= {"escape": escape, "Markup": Markup}
    for line in (LINE, LINE_BY_LETTER):
        feature = eval(line.strip().rstrip(","), names)
        monkeypatch.setitem(FEATURES, feature.id, feature)

    def shout_by_letter() -> str:
        inside = {**names, "text": request.form["text"]}
        exec(BLOCK, inside)
        return str(inside["answer"])

    exec(ROUTE, {**names, "blueprint": app})
    app.post("/features/shout-by-letter")(shout_by_letter)


@pytest.mark.usefixtures("shout")
def test_it_charges_as_written(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 3)
    response = visitor.submit("/features/shout", text="hello")
    assert (response.status_code, response.text) == (200, "HELLO")
    assert get_balance(session, user_id).posted == 1


@pytest.mark.usefixtures("shout")
def test_it_charges_for_a_block_as_written(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 9)
    response = visitor.submit("/features/shout-by-letter", text="  hello  ")
    assert (response.status_code, response.text) == (200, "HELLO")
    assert get_balance(session, user_id).posted == 4
    assert visitor.submit("/features/shout-by-letter", text="").status_code == 200
    assert get_balance(session, user_id).posted == 4


@pytest.mark.usefixtures("shout")
@pytest.mark.parametrize(("path", "credits"), [("/features/shout", 1), ("/features/shout-by-letter", 4)])
def test_it_offers_the_package_that_helps(visitor: Visitor, session: Session, path: str, credits: int) -> None:
    give_credits(visitor, session, credits)
    response = visitor.submit(path, text="hello")
    assert response.status_code == 402
    assert 'name="package_id" value="starter"' in response.text


@pytest.mark.usefixtures("shout")
def test_it_costs_nothing_when_the_work_fails(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 3)
    assert visitor.submit("/features/shout").status_code == 400
    assert get_balance(session, user_id).posted == 3


def test_it_names_every_handled_event() -> None:
    from payapp.webhooks.handlers import HANDLERS

    listed = re.search(r"--events (\S+)", README)
    assert listed
    assert set(listed[1].split(",")) == set(HANDLERS)
