"""`/_control`: what only tests and developers may do. Stripe has nothing like it. JSON in, JSON out, no key.

Every order stands in ORDERS once: here it takes JSON, in the panel (`/_control/panel`) it is a button.
"""

from functools import partial

from flask import Blueprint, Response, jsonify

from fake_stripe import registers  # noqa: F401  (fills those that orders ask)
from fake_stripe.control import clock, deliveries, disputes, payments, refunds, trouble  # noqa: F401
from fake_stripe.control.body import read_body
from fake_stripe.control.guard import refuse_other_sites
from fake_stripe.control.orders import ORDERS, Order
from fake_stripe.stand_in import current_stand_in

control = Blueprint("control", __name__, url_prefix="/_control")
control.before_request(refuse_other_sites)


def _carry_out(order: Order, **ids: str) -> Response:
    return jsonify(order.function(current_stand_in(), read_body(*order.fields), **ids))


for part in (clock, deliveries, payments, trouble):
    control.register_blueprint(part.blueprint)
for one in ORDERS:
    control.add_url_rule(one.path, one.name, partial(_carry_out, one), methods=[one.method])
