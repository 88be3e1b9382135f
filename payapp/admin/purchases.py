"""/admin/purchases/…: what became of a purchase's money and credits."""

from flask import Response, abort

from payapp.admin.blueprint import blueprint, get_user, show
from payapp.billing.checkout.story import tell_story
from payapp.billing.errors import UnknownPurchaseError
from payapp.billing.returns.refund_plans import get_purchase
from payapp.extensions import db
from payapp.webhooks.inbox import list_events_about


@blueprint.get("/purchases/<int:purchase_id>")
def show_purchase(purchase_id: int) -> Response:
    """The purchase, its story, and the events that told it."""
    session = db.session()
    try:
        purchase, story = get_purchase(session, purchase_id), tell_story(session, purchase_id)
    except UnknownPurchaseError:
        abort(404)
    events = list_events_about(session, story.stripe_ids)
    return show("purchase.html", purchase=purchase, owner=get_user(purchase.user_id), story=story, events=events)
