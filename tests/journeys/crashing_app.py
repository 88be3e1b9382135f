"""payapp with routes that crash with secrets in their hands, as a bug of ours would: gunicorn serves `app`."""

from flask import abort, request
from sqlalchemy import text

from payapp.extensions import csrf, db
from tests.quick_app import app

__all__ = ["app"]


@app.post("/crash/code")
@app.post("/api/v1/crash", endpoint="crash_of_program")
@csrf.exempt
def crash() -> str:
    """Fail, as code does that has not thought of something."""
    secrets = {**request.form, **request.headers, **request.cookies}
    return str(len(secrets) / 0)


@app.post("/crash/<what>")
@csrf.exempt
def crash_in_database(what: str) -> str:
    """Have the database refuse a statement about somebody's row, in each of its ways; the values are the row's own."""
    statements = {
        "constraint": "UPDATE users SET credits_held = -1 WHERE email = :email",
        "missing": "UPDATE users SET email = NULL WHERE email = :email",
        "unique": "INSERT INTO users (email, password_hash, stripe_customer_key, created_at) "
        "SELECT email, password_hash, stripe_customer_key, created_at FROM users WHERE email = :email",
        "syntax": "SELEKT * FROM users WHERE email = :email AND password_hash = :password",
        "type": "SELECT * FROM users WHERE id = CAST(:password AS integer) / 0 AND email = :email",
    }
    if what not in statements:
        abort(404)
    db.session.execute(text(statements[what]), dict(request.form))
    return "nothing was refused"
