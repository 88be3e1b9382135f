"""The application: gunicorn serves `app` with payapp's settings in the environment."""

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
