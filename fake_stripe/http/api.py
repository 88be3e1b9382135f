"""`/v1`: every operation goes the same way through key, validation, idempotency, effect and answer."""

from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response, request

from fake_stripe import registers  # noqa: F401  (fills them)
from fake_stripe.checks.authentication import authenticate
from fake_stripe.checks.idempotency import Replay
from fake_stripe.checks.validation import validate
from fake_stripe.errors import JsonObject, StripeError, not_in_stand_in
from fake_stripe.http.form_encoding import parse_form
from fake_stripe.resources.expansion import expand
from fake_stripe.resources.operations import OPERATIONS, Operation
from fake_stripe.stand_in import StandIn, current_stand_in
from fake_stripe.state.ids import new_id
from fake_stripe.state.request_log import RequestEntry
from fake_stripe.state.store import to_json
from fake_stripe.webhooks.signing import api_version
from fake_stripe.wsgi_server import is_hang_up


def create_api() -> Blueprint:
    """Return the blueprint with a route for every registered operation."""
    api = Blueprint("api", __name__)
    for operation in OPERATIONS:
        api.add_url_rule(
            operation.path,
            endpoint=f"{operation.function.__module__.rpartition('.')[2]}-{operation.function.__name__}",
            methods=[operation.method],
            view_func=partial(answer, operation),
            provide_automatic_options=False,
        )
    return api


@dataclass
class _Call:
    """One request on its way."""

    stand_in: StandIn
    operation: Operation
    entry: RequestEntry
    ids: dict[str, str]

    @property
    def idempotency_key(self) -> str | None:
        return self.entry.idempotency_key


def answer(operation: Operation, **ids: str) -> Response:
    """Run one operation and answer as Stripe does, faults included."""
    stand_in = current_stand_in()
    entry = RequestEntry(new_id("request"), request.method, request.path, _read_idempotency_key(), stand_in.clock.now())
    entry.stripe_version = request.headers.get("Stripe-Version")
    stand_in.request_log.add(entry)
    call = _Call(stand_in, operation, entry, ids)
    try:
        response = _strike(call, "before") or _run(call)
        response = _strike(call, "after") or response
    except StripeError as error:
        response = error_response(error, entry.request_id)
    entry.status = None if is_hang_up(response) else response.status_code
    return response


def _read_idempotency_key() -> str | None:
    return request.headers.get("Idempotency-Key") if request.method == "POST" else None


def _strike(call: _Call, when: str) -> Response | None:
    path = f"{request.method} {request.path}"
    fault = call.stand_in.faults.take(call.operation.name, path, when)
    return call.stand_in.faults.strike(fault) if fault else None


def _run(call: _Call) -> Response:
    authenticate(request.headers.get("Authorization"), call.stand_in.settings.api_key)
    encoded = request.get_data() if request.method == "POST" else request.query_string
    call.entry.params = parse_form(encoded)
    if "search" in call.ids.values():  # `/v1/customers/search` is no customer's address
        raise not_in_stand_in(f"{request.method} {request.path}", is_param=False)
    params = validate(call.operation.params_type, call.entry.params)
    key = call.idempotency_key
    if key:
        keys = call.stand_in.idempotency_keys
        replay = keys.begin(key, request.path, call.entry.params, call.entry.request_id)
        if replay:
            return _replay_response(call, replay)
    return _execute(call, params)


def _execute(call: _Call, params: JsonObject) -> Response:
    key, keys = call.idempotency_key, call.stand_in.idempotency_keys
    try:
        struck = _strike(call, "during")
        if struck is None:
            return _json_response(call, 200, _take_effect(call, params))
    except StripeError as error:
        if key and error.is_kept:
            keys.finish(key, error.status, _error_body(call.entry.request_id, error))
        raise
    finally:
        if key:
            keys.forget_unfinished(key)
    return struck


def _take_effect(call: _Call, params: JsonObject) -> str:
    """Change the state and remember the answer, both or neither; also when the answer is a declined payment."""
    key = call.idempotency_key
    work = call.stand_in.work(call.entry.request_id, key)
    failure: StripeError | None = None
    with call.stand_in.store.transaction():
        try:
            result = call.operation.function(work, params, **call.ids)
            status, body = 200, to_json(expand(work, result, params.get("expand", [])))
        except StripeError as error:
            if not error.has_effect:
                raise
            failure, status, body = error, error.status, _error_body(call.entry.request_id, error)
        if key:
            call.stand_in.idempotency_keys.finish(key, status, body)
    if failure:
        raise failure
    return body


def _json_response(call: _Call, status: int, body: str) -> Response:
    response = Response(body + "\n", status, mimetype="application/json")
    _add_headers(response, call.entry.request_id)
    return response


def _replay_response(call: _Call, replay: Replay) -> Response:
    call.entry.is_replay = True
    response = _json_response(call, replay.status, replay.body)
    response.headers["Idempotent-Replayed"] = "true"
    response.headers["Original-Request"] = replay.request_id
    return response


def _error_body(request_id: str, error: StripeError) -> str:
    """Return the JSON of an error; where Stripe's has a link to the dashboard's log, it leads to ours."""
    return to_json(error.to_body(f"{request.host_url}_control/requests?id={request_id}"))


def error_response(error: StripeError, request_id: str, *, is_logged: bool = True) -> Response:
    """Return Stripe's JSON for an error."""
    body = _error_body(request_id, error) if is_logged else to_json(error.to_body())
    response = Response(body + "\n", error.status, mimetype="application/json")
    _add_headers(response, request_id)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    # Only what can go better: a kept 500 would be answered again, and a 429 asks for fewer calls.
    if error.status == 409 or error.status >= 500 or error.code == "lock_timeout":
        response.headers["Stripe-Should-Retry"] = "false" if error.is_kept else "true"
    return response


def _add_headers(response: Response, request_id: str) -> None:
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version") or api_version()
    response.headers["Cache-Control"] = "no-cache, no-store"
    key = _read_idempotency_key()
    if key:
        response.headers["Idempotency-Key"] = key.encode("ascii", "replace").decode()
