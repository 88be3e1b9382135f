"""payapp with a feature that takes its time, for tests that kill it or hang up: gunicorn serves `app`."""

import os
import time
from pathlib import Path

from flask import request

from payapp import create_app
from payapp.extensions import csrf
from payapp.features import FEATURES, Feature, spends_credits

SLOW = Feature("slow", "Slow", 5, "Takes its time.")
HOLD_SECONDS = 3

FEATURES["slow"] = SLOW
app = create_app()


@app.post("/slow")
@csrf.exempt
@spends_credits("slow", expires_in_seconds=HOLD_SECONDS)
def work() -> str:
    """Work for as long as the form says, and leave a note in the instance folder at the beginning and the end."""
    folder = Path(os.environ["PAYAPP_INSTANCE_PATH"])
    (folder / "slow.began").touch()
    time.sleep(float(request.form["seconds"]))
    (folder / "slow.ended").touch()
    return "done"
