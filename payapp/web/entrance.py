"""What a request passes on its way in, before its route: in one place, since every hook of Flask's costs its share."""

from flask import Flask, request
from werkzeug.wrappers import Response

from payapp.database.base import expect_reads_only, expect_writes
from payapp.web.canonical_host import lead_home
from payapp.web.input_guards import refuse_json_forms, refuse_nul_in_address, refuse_nul_in_form
from payapp.web.sessions import is_for_people
from payapp.web.staff_only import keep_others_out


def init_app(app: Flask) -> None:
    """Let every request of `app` pass here first."""
    app.before_request(enter)


def enter() -> Response | None:
    """Refuse what no page can mean, and lead people to the one host. What programs send is read by their own doors.

    On SQLite a page that only reads does not wait for the one writer.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        expect_reads_only()
    else:
        expect_writes()
    refuse_nul_in_address()
    if not is_for_people(request.path):
        return None
    refuse_json_forms()
    refuse_nul_in_form()
    return lead_home() or keep_others_out()
