"""The control panel as a person without JavaScript uses it: pages, and the forms on them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import requests

from tests.fake_stripe.processes import StandInProcess
from tests.open_connections import ask

ROOT = "/_control/panel"


@dataclass
class Form:
    """A form as it stands on a page: where it posts to, what its fields hold, its button."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._is_in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(known["action"])
        elif self._form is not None:
            self._take(self._form, tag, known)

    def _take(self, form: Form, tag: str, known: dict[str, str]) -> None:
        if tag == "input":
            form.fields[known["name"]] = known.get("value", "")
        elif tag == "select":
            self._select = known["name"]
        elif tag == "option" and self._select and ("selected" in known or self._select not in form.fields):
            form.fields[self._select] = known.get("value", "\0")
        self._is_in_button = tag == "button" or (self._is_in_button and tag == "span")

    def handle_data(self, data: str) -> None:
        if self._form and self._is_in_button:
            self._form.button += data
        if self._form and self._select and self._form.fields.get(self._select) == "\0":
            self._form.fields[self._select] = data  # an option without a value is its text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            self.found.append(self._form)
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "button":
            self._is_in_button = False


class Panel:
    """The panel of a running stand-in."""

    def __init__(self, stand_in: StandInProcess) -> None:
        self.stand_in = stand_in

    def get(self, path: str = "", **headers: str) -> requests.Response:
        """Ask for a page; `path` is below the panel."""
        return ask("GET", f"{self.stand_in.url}{ROOT}{path}", headers=headers, timeout=10)

    def show(self, path: str = "") -> str:
        """Return the page, which must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def forms(self, path: str) -> list[Form]:
        """Return the forms on a page."""
        parser = _Forms()
        parser.feed(self.show(path))
        return parser.found

    def buttons(self, path: str) -> set[str]:
        """Return what the buttons on a page say, without those of its events."""
        return {" ".join(form.button.split()) for form in self.forms(path) if "/events/" not in form.action}

    def press(self, path: str, button: str, **filled: str) -> requests.Response:
        """Press the first button of this name on a page, its fields filled in; the redirect is not followed."""
        wanted: Callable[[Form], bool] = lambda form: " ".join(form.button.split()).startswith(button)  # noqa: E731
        form = next(form for form in self.forms(path) if wanted(form))
        return self.submit(form, **filled)

    def submit(self, form: Form, **filled: str) -> requests.Response:
        """Send a form as the page's own browser does."""
        assert filled.keys() <= form.fields.keys(), (filled, form)
        return self.post(form.action, {**form.fields, **filled}, Origin=self.stand_in.url)

    def post(self, address: str, fields: dict[str, str], **headers: str) -> requests.Response:
        """Post fields to an address of the stand-in."""
        url = f"{self.stand_in.url}{address}"
        return ask("POST", url, data=fields, headers=headers, allow_redirects=False, timeout=10)
