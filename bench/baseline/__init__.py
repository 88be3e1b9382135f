"""The yardstick: the smallest Flask app that leaves the same rows behind as payapp, in payapp's own tables.

It looks up the API key, the login cookie with its CSRF token, or Stripe's signature, and answers with the same fields.
On PostgreSQL each request is one statement, committed by itself and prepared by psycopg, over one open connection a
thread; on SQLite it is plain statements in one BEGIN IMMEDIATE. It asks none of payapp's questions about what it
reads: who repeats a request gets a 500, and what is wrong with one is nobody's business.
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
