"""POST /logout."""

from tests.people import Visitor


def test_it_works(visitor: Visitor) -> None:
    visitor.sign_up()
    response = visitor.submit("/logout")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert "You are logged out." in visitor.get("/").text
    assert visitor.get("/dashboard/credits").status_code == 303


def test_it_leaves_nothing_of_the_session(visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit("/logout")
    with visitor.client.session_transaction() as session:
        assert not {"_user_id", "_fresh", "_id", "csrf_token"} & session.keys()


def test_it_requires_a_csrf_token(visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.client.post("/logout").status_code == 400
    assert visitor.get("/dashboard/credits").status_code == 200


def test_it_takes_no_get(visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.get("/logout").status_code == 405
    assert visitor.get("/dashboard/credits").status_code == 200


def test_it_is_harmless_when_nobody_is_logged_in(visitor: Visitor) -> None:
    assert visitor.submit("/logout").status_code == 303
