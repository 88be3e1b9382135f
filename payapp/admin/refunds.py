"""/admin/purchases/…/refund: what a refund would do, and the refund. It is made once, however often it is asked for."""

from dataclasses import dataclass

from flask import Response, abort, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, get_user, reason_in, show
from payapp.admin.forms import RefundForm
from payapp.auth.freshness import recent_login_required
from payapp.billing.errors import BillingError, RefundMadeBeforeError, RefundRefusedError, UnknownPurchaseError
from payapp.billing.returns.refund_plans import RefundPlan, get_purchase, plan_refund, plan_unspent_refund
from payapp.billing.returns.refunding import require_new_cause
from payapp.extensions import db
from payapp.staff.refunds import refund
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.formats import minor_units, money
from payapp.web.services import get_stripe

PARTS = ("all", "unspent", "amount")


@dataclass(frozen=True)
class Wish:
    """Which part of a purchase is to be refunded: `all` that is left, what is `unspent`, or an `amount` as typed."""

    part: str
    amount: str

    @classmethod
    def asked(cls) -> "Wish":
        part = request.args.get("part", "all")
        return cls(part if part in PARTS else "all", request.args.get("amount", "").strip())

    def plan(self, purchase_id: int) -> RefundPlan:
        """Return what it would do. Raises UnknownPurchaseError, and RefundRefusedError for what can't be."""
        session = db.session()
        if self.part == "unspent":
            return plan_unspent_refund(session, purchase_id)
        if self.part == "all":
            return plan_refund(session, purchase_id)
        amount = minor_units(self.amount, get_purchase(session, purchase_id).currency)
        if amount is None:
            raise RefundRefusedError("write an amount such as 3.90")
        return plan_refund(session, purchase_id, amount)


@blueprint.get("/purchases/<int:purchase_id>/refund")
@recent_login_required
def show_refund(purchase_id: int) -> Response | BaseResponse:
    """Say what it would do: money, credits taken, the balance after."""
    return _preview(purchase_id, Wish.asked(), RefundForm())


@blueprint.post("/purchases/<int:purchase_id>/refund")
@recent_login_required
def make_refund(purchase_id: int) -> Response | BaseResponse:
    """Refund what was previewed, if it is still just that. The part stands in the address, as it was previewed."""
    session, wish, form = db.session(), Wish.asked(), RefundForm()
    if not form.validate_on_submit():
        return _preview(purchase_id, wish, form)
    cause = f"page:{current_user.id}:{form.request_id.data}:{purchase_id}:{form.amount.data}"
    try:
        require_new_cause(session, cause)
        plan = wish.plan(purchase_id)
        if (plan.amount, plan.credits, plan.available_after) != _shown(form):
            return _preview(purchase_id, wish, form, has_changed=True)
        made = refund(session, get_stripe(), reason_in(form), plan, cause)
    except RefundMadeBeforeError as error:
        flash(f"This form was sent before, and {error.stripe_refund_id} was made: nothing has been done now.", "ok")
    except UnknownPurchaseError:
        abort(404)
    except (BillingError, StripeServiceError) as error:
        session.rollback()
        flash(f"This came to no end: {error}. Pressing again makes no second refund.", "bad")
        return redirect(url_for("admin.show_refund", purchase_id=purchase_id, **vars(wish)), 303)
    else:
        flash(f"{money(made.amount, made.currency)} refunded: {made.id} ({made.status}).", "ok")
    return redirect(url_for("admin.show_purchase", purchase_id=purchase_id), 303)


def _shown(form: RefundForm) -> tuple[int, int, int]:
    return form.amount.data, form.credits.data, form.available_after.data


def _preview(purchase_id: int, wish: Wish, form: RefundForm, *, has_changed: bool = False) -> Response | BaseResponse:
    session, plan, refusal = db.session(), None, None
    try:
        purchase = get_purchase(session, purchase_id)
        plan = wish.plan(purchase_id)
    except UnknownPurchaseError:
        abort(404)
    except RefundRefusedError as error:
        refusal = str(error)
    status = 422 if form.is_submitted() else 200
    owner, context = get_user(purchase.user_id), {"wish": wish, "plan": plan, "refusal": refusal, "form": form}
    return show("refund.html", purchase=purchase, owner=owner, has_changed=has_changed, status=status, **context)
