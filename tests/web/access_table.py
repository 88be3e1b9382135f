"""Who may do what: every route, for everybody who may ask. tests/web/test_access.py asks for each cell.

A new route fails the tests until it has a row in ROUTES; a new kind of caller is a column of KINDS and somebody in
tests/web/callers.py.
"""

from dataclasses import dataclass

CALLERS = (
    "anonymous",
    "half logged in",  # has shown the password, and not yet the second factor
    "user",
    "user of long ago",  # logged in an hour before, and not asked since
    "other user",  # asks for what belongs to the user
    "disabled user",  # with the cookie of a login that was good
    "unverified user",
    "staff without factor",  # asks for what belongs to the user, as all staff
    "staff",
    "read key",
    "spend key",
    "service key",
    "revoked key",
    "other user's key",  # asks for what belongs to the user
    "disabled user's key",
)

# `in`: as ROUTES says. `home`: led to the credits page. `login`: led to the login page. `again`: to the page that asks
# for the password once more; `factor`: to where a second factor is set up. A number: answered with it (200: shown what
# to do first). Whoever is not let in changes nothing.
KINDS_AS_TEXT = """
           anon  half  user  long-ago other disabled unverified staff- staff | read  spend service revoked other's dis.
anyone     in    in    in    in       in    in       in         in     in    | in    in    in      in      in      in
strangers  in    in    home  home     home  in       home       home   home  | in    in    in      in      in      in
no-passkey login login home  home     home  login    home       home   home  | login login login   login   login   login
askers     in    in    409   409      409   in       409        409    409   | in    in    in      in      in      in
waiting    login in    login login    login login    login      login  login | login login login   login   login   login
waiting-ask 409  in    409   409      409   409      409        409    409   | 409   409   409     409     409     409
users      login login in    in       in    login    in         in     in    | login login login   login   login   login
fresh      login login in    again    in    login    in         in     in    | login login login   login   login   login
mailed-own 200   200   in    404      404   200      404        404    404   | 200   200   200     200     200     200
owner      login login in    404      404   login    in         404    404   | login login login   login   login   login
fresh-own  login login in    again    404   login    in         404    404   | login login login   login   login   login
readers    401   401   401   401      401   401      401        401    401   | in    in    in      401     in      403
read-own   401   401   401   401      401   401      401        401    401   | in    in    in      401     404     403
spenders   401   401   401   401      401   401      401        401    401   | 403   in    in      401     in      403
end-own    401   401   401   401      401   401      401        401    401   | 403   in    403     401     404     403
desk       login login 404   404      404   login    404        factor in    | login login login   login   login   login
stripe     400   400   400   400      400   400      400        400    400   | 400   400   400     400     400     400
"""

# What the blueprint of such a route says (`ACCESS`).
ACCESS_OF_KIND = {
    "anyone": "anyone",
    "strangers": "anyone",
    "no-passkey": "anyone",
    "askers": "anyone",
    "waiting": "anyone",
    "waiting-ask": "anyone",
    "mailed-own": "anyone",
    "users": "logged-in users",
    "fresh": "logged-in users",
    "owner": "logged-in users",
    "fresh-own": "logged-in users",
    "readers": "API keys",
    "read-own": "API keys",
    "spenders": "API keys",
    "end-own": "API keys",
    "desk": "staff",
    "stripe": "signed by Stripe",
}

# route, method, kind, status for whom it lets in (422: it says that this was not the right code, or no passkey).
# HEAD is as GET; OPTIONS tells the methods, and programs only by key.
ROUTES_AS_TEXT = """
landing.show_landing          GET   anyone     200
pages.show_asset              GET   anyone     200
operations.show_health        GET   anyone     200
operations.show_readiness     GET   anyone     200
api_docs.show_docs            GET   anyone     200
api_docs.show_document        GET   anyone     200
auth.sign_up                  GET   strangers  200
auth.sign_up                  POST  strangers  303
auth.log_in                   GET   strangers  200
auth.log_in                   POST  strangers  303
auth.log_out                  POST  anyone     303
freshness.log_in_again        GET   users      200
freshness.log_in_again        POST  users      303
second_step.show_second_step  GET   waiting    200
second_step.check_code        POST  waiting    422
second_step.check_second_passkey POST waiting  422
second_step.ask_waiting_for_passkey POST waiting-ask 200
second_step.ask_stranger_for_passkey POST askers 200
second_step.log_in_by_passkey POST  no-passkey 303
by_mail.verify_email          GET   anyone     200
by_mail.verify_email          POST  anyone     303
by_mail.forgot_password       GET   anyone     200
by_mail.forgot_password       POST  anyone     303
by_mail.reset                 GET   anyone     200
by_mail.reset                 POST  anyone     303
by_mail.change_email          GET   mailed-own 200
by_mail.change_email          POST  mailed-own 303
email_change.change           GET   users      200
email_change.change           POST  users      303
email_change.send_again       POST  users      303
account.show_account          GET   users      200
account.set_password          POST  fresh      303
account.end_one_login         POST  owner      303
account.end_other_logins      POST  users      303
account.export                GET   fresh      200
account.delete                POST  fresh      303
factors.show_factors          GET   users      200
factors.begin_app             POST  fresh      303
factors.show_app              GET   fresh      303
factors.confirm_app           POST  fresh      303
factors.remove_app            POST  fresh      303
factors.ask_for_passkey       POST  fresh      200
factors.add_passkey           POST  fresh      422
factors.remove_one_passkey    POST  fresh-own  303
factors.renew_recovery_codes  POST  fresh      200
credits.show_credits          GET   users      200
credits.show_balance          GET   users      200
credits.show_header_balance   GET   users      200
credits.show_purchase         GET   owner      200
credits.show_purchase_status  GET   owner      200
credits.start_checkout        POST  users      303
features.show_missing         GET   users      200
features.show_left_afterwards GET   users      200
features.show_qr_codes        GET   users      200
features.make_qr_code         POST  users      200
features.show_qr_code_batch   GET   users      200
features.price_qr_code_batch  POST  users      200
features.make_qr_code_batch   POST  users      200
qr_batches.show_batch         GET   owner      200
qr_batches.show_status        GET   owner      200
qr_batches.download           GET   owner      303
api_keys.show_api_keys        GET   users      200
api_keys.create               POST  fresh      200
api_keys.rotate               POST  fresh-own  200
api_keys.revoke               POST  fresh-own  303
api.show_balance              GET   readers    200
api.list_entries              GET   readers    200
api.list_holds                GET   readers    200
api.show_hold                 GET   read-own   200
api.create_spend              POST  spenders   201
api.create_hold               POST  spenders   201
api.capture_hold              POST  end-own    200
api.release_hold              POST  end-own    200
admin.show_overview           GET   desk       200
admin.show_search             GET   desk       200
admin.show_log                GET   desk       200
admin.show_user               GET   desk       200
admin.show_user_list          GET   desk       200
admin.show_access             GET   desk       200
admin.disable                 POST  desk       303
admin.enable                  POST  desk       303
admin.show_credits_form       GET   desk       200
admin.adjust                  POST  desk       303
admin.show_purchase           GET   desk       200
admin.show_refund             GET   desk       200
admin.make_refund             POST  desk       303
admin.show_events             GET   desk       200
admin.show_event              GET   desk       200
admin.replay                  POST  desk       303
admin.accept                  POST  desk       303
admin.dismiss                 POST  desk       303
admin.show_service_keys       GET   desk       200
admin.show_api_key            GET   desk       200
admin.revoke_api_key          POST  desk       303
webhooks.receive_event        POST  stripe     200
"""

# What is sent to a route that acts, so that it does so; beside the CSRF token, or the API key and its Idempotency-Key.
PASSWORD = "correct horse battery"
NEW_PASSWORD = "quite another story"
SENT: dict[str, dict[str, object]] = {
    "auth.sign_up": {"email": "new-{number}@example.com", "password": PASSWORD},
    "auth.log_in": {"email": "known@example.com", "password": PASSWORD},
    "by_mail.forgot_password": {"email": "forgetful-{number}@example.com"},
    "by_mail.reset": {"password": NEW_PASSWORD},
    "email_change.change": {"email": "moved-{number}@example.com", "current_password": PASSWORD},
    "account.set_password": {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    "account.delete": {"confirm": "{email}"},
    "freshness.log_in_again": {"password": PASSWORD},
    "second_step.check_code": {"code": "000000"},
    "second_step.check_second_passkey": {"answer": "{}"},
    "second_step.log_in_by_passkey": {"answer": "{}"},
    "factors.confirm_app": {"code": "000000"},
    "factors.add_passkey": {"name": "a device", "answer": "{}"},
    **{f"admin.{act}": {"note": "a test"} for act in ("disable", "enable", "replay", "accept", "dismiss")},
    "admin.revoke_api_key": {"note": "a test"},
    "admin.adjust": {"note": "a test", "amount": "5", "request_id": "form-{number}"},
    "admin.make_refund": {"note": "a test", "amount": "5", "credits": "1", "available_after": "1", "request_id": "1"},
    "credits.start_checkout": {"package_id": "starter"},
    "features.make_qr_code": {"text": "hello"},
    "features.price_qr_code_batch": {"lines": "one\ntwo"},
    "features.make_qr_code_batch": {"lines": "one\ntwo", "cost": "2"},
    "api_keys.create": {"name": "a program", "scope": "read"},
    "api.create_spend": {"amount": 1, "feature": "a test"},
    "api.create_hold": {"amount": 1, "feature": "a test"},
}


@dataclass(frozen=True)
class Row:
    """A route, one of its methods, and what each caller gets; `status` is the answer to whom it lets in."""

    endpoint: str
    method: str
    kind: str
    status: int

    @property
    def name(self) -> str:
        return f"{self.method} {self.endpoint}"

    @property
    def expected(self) -> dict[str, str]:
        """Return a word of KINDS for each caller."""
        return KINDS[self.kind]


def _read_kinds(text: str) -> dict[str, dict[str, str]]:
    lines = [line.replace("|", " ").split() for line in text.strip().splitlines()[1:]]
    return {kind: dict(zip(CALLERS, words, strict=True)) for kind, *words in lines}


def _read_routes(text: str) -> list[Row]:
    lines = [line.split() for line in text.strip().splitlines()]
    return [Row(endpoint, method, kind, int(status)) for endpoint, method, kind, status in lines]


KINDS = _read_kinds(KINDS_AS_TEXT)
ROUTES = _read_routes(ROUTES_AS_TEXT)
