"""People who use the pages as a browser would: forms with their CSRF tokens, redirects, cookies."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery"


@dataclass
class Visitor:
    """Somebody with a browser. Not logged in until sign_up() or log_in()."""

    client: FlaskClient

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, **kwargs)

    def csrf_token(self, path: str = "/login") -> str:
        """Return the token of a page that is open in this browser."""
        page = self.client.get(path, follow_redirects=True)
        found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
        assert found, f"no CSRF token in {path}"
        return found[1]

    def submit(self, path: str, _token_from: str = "/login", **fields: Any) -> TestResponse:
        """Send a plain form, as a browser without JavaScript does."""
        return self.client.post(path, data={"csrf_token": self.csrf_token(_token_from), **fields})

    def sign_up(self, email: str = "ada@example.com", password: str = PASSWORD) -> TestResponse:
        return self.submit("/signup", email=email, password=password)

    def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> TestResponse:
        return self.submit("/login", email=email, password=password)
