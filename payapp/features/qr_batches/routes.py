"""The page of a batch that the worker makes: how far it is, and its file. Who may enter: the user whose batch it is."""

import io

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.extensions import db
from payapp.features.qr_batches import BatchView, find_archive, find_batch, find_texts
from payapp.features.qr_code_batch import Batch, count_codes

ACCESS = "logged-in users"
blueprint = Blueprint("qr_batches", __name__)


@blueprint.before_request
@login_required
def require_login() -> None:
    """Every batch is its user's own, and nobody else's."""


@blueprint.get("/features/qr-code-batch/<int:batch_id>")
def show_batch(batch_id: int) -> str:
    """How far the batch is; then its file, what it cost, or how to try again."""
    return _render("features/qr_batch.html", _own_batch(batch_id))


@blueprint.get("/features/qr-code-batch/<int:batch_id>/status")
def show_status(batch_id: int) -> str | tuple[str, int]:
    """What the page polls: 204 while it is in the `state` that the page shows, with as many codes made."""
    batch = _own_batch(batch_id)
    if (batch.state, str(batch.made)) == (request.args.get("state"), request.args.get("made")):
        return "", 204
    return _render("features/_qr_batch.html", batch, oob=not batch.is_under_way)


@blueprint.get("/features/qr-code-batch/<int:batch_id>/zip")
def download(batch_id: int) -> BaseResponse:
    """The ZIP file. Where there is none, the batch's page says why."""
    _own_batch(batch_id)
    archive = find_archive(db.session(), current_user.id, batch_id)
    if archive is None:
        return redirect(url_for("qr_batches.show_batch", batch_id=batch_id), 303)
    return send_zip(archive)


def send_zip(archive: bytes) -> Response:
    """Return the answer that a browser saves, and no cache keeps."""
    response = send_file(io.BytesIO(archive), "application/zip", as_attachment=True, download_name="qr-codes.zip")
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_batch(batch_id: int) -> BatchView:
    batch = find_batch(db.session(), current_user.id, batch_id)
    if batch is None:
        abort(404)
    return batch


def _render(template: str, batch: BatchView, oob: bool = False) -> str:
    """Render the page or its changing part. Only one that came to nothing needs its texts, to be tried again."""
    can_retry = batch.state in ("expired", "failed") and batch.is_kept
    texts = find_texts(db.session(), current_user.id, batch.id) if can_retry else []
    return render_template(template, batch=batch, texts=texts, cost=count_codes(Batch(texts)), oob=oob)
