"""The desk of staff, one file a page. Everything there is done by payapp/staff, which writes it down."""

from payapp.admin import access, api_keys, credits, events, log, overview, purchases, refunds, search, users
from payapp.admin.blueprint import blueprint

PAGES = (overview, search, users, access, credits, purchases, refunds, events, api_keys, log)

__all__ = ["blueprint"]
