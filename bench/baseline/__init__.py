"""The yardstick: the smallest Flask and psycopg app that runs the same SQL as payapp, on the same tables.

It verifies the signature, the login cookie, the CSRF token and the API key too, then sends the statements that payapp
sends, in the same transactions, over one open connection a thread, with psycopg's own defaults. It has no forms, no
templates, no schemas, no security headers, no rate limits, asks none of payapp's questions about what it reads, and
draws no QR code.
"""

import os

from flask import Flask

from bench.baseline import api, features, webhooks

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]  # payapp's own, so that payapp's login cookies are good here too
for part in (api, features, webhooks):
    app.register_blueprint(part.blueprint)


@app.get("/readyz")
def show_readiness() -> str:
    return "ready"
