"""`/_control`: what only tests and developers may do. Stripe has nothing like it. JSON in, JSON out, no key."""

from flask import Blueprint

from payapp.fake_stripe.control import clock, deliveries, disputes, payments, refunds, trouble

control = Blueprint("control", __name__, url_prefix="/_control")
for part in (clock, deliveries, disputes, payments, refunds, trouble):
    control.register_blueprint(part.blueprint)
