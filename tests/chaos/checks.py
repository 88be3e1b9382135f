"""What must hold in the end. Each check returns its problems as sentences; none at all is the only good result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.books import Books, Grant
from tests.chaos.journal import Journals
from tests.chaos.oracle import credits_left
from tests.chaos.stripe_record import Payment

SHOWN_MAX = 5


@dataclass(frozen=True)
class Evidence:
    """Both sides' stories, and the clients'. `aged` is what the books say once every hold's time is over."""

    books: Books
    aged: Books
    payments: list[Payment]
    event_ids: set[str]
    undelivered: list[tuple[str, str]]
    journals: Journals


def find_problems(evidence: Evidence) -> list[str]:
    """Return what is wrong, at most SHOWN_MAX of a kind and then how many more."""
    checks = (
        check_answers,
        check_deliveries,
        check_events,
        check_payments,
        check_grants_have_payments,
        check_spends,
        check_balances,
        check_holds,
    )
    return [problem for check in checks for problem in _shorten(list(check(evidence)))]


def check_answers(evidence: Evidence) -> Iterator[str]:
    """A database that is down, or goes down in the middle, is a 503: a 500 would be our own mistake."""
    for line in evidence.journals.lines:
        if line.status == 500:
            yield f"{line.deed} of {line.subject} was answered 500"


def check_deliveries(evidence: Evidence) -> Iterator[str]:
    """Every event was answered 2xx in the end."""
    for event_id, answer in evidence.undelivered:
        yield f"{event_id} was never answered 2xx: {answer}"


def check_events(evidence: Evidence) -> Iterator[str]:
    """Whatever was answered 2xx is kept, and nothing is left failed or for staff: Stripe's own retries suffice."""
    twins = {line.subject for line in evidence.journals.select("twin", "acknowledged")}
    for event_id in sorted((evidence.event_ids | twins) - evidence.books.events.keys()):
        yield f"{event_id} was delivered and lost"
    for event in evidence.books.events.values():
        if event.status not in ("processed", "ignored"):
            yield f"{event.id} is left {event.status}: {event.last_error}"


def check_payments(evidence: Evidence) -> Iterator[str]:
    """Each payment is granted once, to the one who paid, less what refunds and disputes took back."""
    grants: dict[str | None, list[Grant]] = defaultdict(list)
    for grant in evidence.books.grants:
        grants[grant.payment_intent_id].append(grant)
    users = {account.customer_id: account.id for account in evidence.books.accounts}
    for payment in evidence.payments:
        found, wanted = grants[payment.id], credits_left(payment.money)
        if len(found) != bool(payment.money.charged):
            yield f"{payment.id} ({payment.money}) was granted {len(found)} times"
        elif sum(grant.credits_left for grant in found) != wanted:
            yield f"{payment.id} ({payment.money}) left {found[0].credits_left} credits, not {wanted}"
        elif any(grant.user_id != users[payment.customer_id] for grant in found):
            yield f"{payment.id} was granted to user {found[0].user_id}, who did not pay it"


def check_grants_have_payments(evidence: Evidence) -> Iterator[str]:
    """No grant without money, and no entry of a kind that nobody here causes."""
    paid = {payment.id for payment in evidence.payments if payment.money.charged}
    for grant in evidence.books.grants:
        if grant.payment_intent_id not in paid:
            yield f"user {grant.user_id} was granted {grant.credits_left} credits for no payment"
    for entry_id, entry_type in evidence.books.others:
        yield f"entry {entry_id} is a {entry_type}, and nobody asked for one"


def check_spends(evidence: Evidence) -> Iterator[str]:
    """Every acknowledged spend was captured; beyond that only those whose answer was lost may have been."""
    acknowledged = Counter(line.subject for line in evidence.journals.select("spend", "acknowledged"))
    unclear = Counter(line.subject for line in evidence.journals.select("spend", "unclear"))
    for account in evidence.books.accounts:
        captures = len(evidence.books.captures.get(account.id, []))
        least, most = acknowledged[account.email], acknowledged[account.email] + unclear[account.email]
        if not least <= captures <= most:
            yield f"{account.email} has {captures} captures, not {least} acknowledged to {most} with the unclear"
        if captures + evidence.books.open_holds[account.id] > most:
            yield f"{account.email} has {evidence.books.open_holds[account.id]} open holds, more than died spends"


def check_balances(evidence: Evidence) -> Iterator[str]:
    """The balance is exactly what the payments left, less the captures."""
    users = {account.customer_id: account.id for account in evidence.books.accounts}
    bought: Counter[int] = Counter()
    for payment in evidence.payments:
        bought[users[payment.customer_id]] += credits_left(payment.money)
    for account in evidence.books.accounts:
        wanted = bought[account.id] - sum(evidence.books.captures.get(account.id, []))
        if account.posted != wanted:
            yield f"{account.email} has {account.posted} credits, not {wanted}"


def check_holds(evidence: Evidence) -> Iterator[str]:
    """When its time is over a hold is gone, its credits are free, and nothing was charged for it."""
    before = {account.id: account.posted for account in evidence.books.accounts}
    for account in evidence.aged.accounts:
        if evidence.aged.open_holds[account.id] or account.held:
            yield f"{account.email} still has {account.held} credits held after the holds' time"
        if account.posted != before[account.id]:
            yield f"{account.email} had {before[account.id]} credits before the holds expired, {account.posted} after"


def _shorten(problems: list[str]) -> Iterable[str]:
    more = len(problems) - SHOWN_MAX
    return [*problems[:SHOWN_MAX], f"… and {more} more of these"] if more > 0 else problems
