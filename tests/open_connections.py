"""HTTP calls over connections that stay open: a new one for each call costs both ends more than the call."""

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

_of_thread = threading.local()


def ask(method: str, url: str, **options: Any) -> requests.Response:
    """requests.request() over this thread's connection to the server. Keeps no cookies: each call is a stranger's."""
    if not hasattr(_of_thread, "session"):
        _of_thread.session = requests.Session()
        _of_thread.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    answer: requests.Response = _of_thread.session.request(method, url, **options)
    return answer
