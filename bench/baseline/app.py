"""The application: gunicorn serves `app` with payapp's settings in the environment."""

import os
from hashlib import sha256

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from bench.baseline import api, features, webhooks


class Sessions(SecureCookieSessionInterface):
    """Cookies signed as payapp signs them, with payapp's key: its login cookies are good here too."""

    digest_method = staticmethod(sha256)


app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.session_interface = Sessions()
for part in (api, features, webhooks):
    app.register_blueprint(part.blueprint)


@app.get("/readyz")
def show_readiness() -> str:
    return "ready"
