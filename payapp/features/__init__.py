"""What credits buy. One file a priced feature; this page lists them and charges for them.

To sell a feature of your own: add it to FEATURES, write its file, and wrap the work in spends_credits().
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from payapp.ledger.holds import capture_hold, place_hold, release_hold


@dataclass(frozen=True)
class Feature:
    """A priced feature: what it is called, what it costs in credits, and one sentence for its page."""

    id: str
    name: str
    cost: int
    sentence: str


FEATURES = {
    feature.id: feature
    for feature in (Feature("qr-code", "QR code", 1, "Turn a link or a text into a QR code, as SVG and PNG."),)
}


@contextmanager
def spends_credits(session: Session, user_id: int, feature_id: str, *, note: str | None = None) -> Iterator[Feature]:
    """Charge the feature's cost for the work inside: held before it, captured after it, released if it fails.

    Commits before the work, so that no lock waits for it, and after. Raises InsufficientCreditsError before the
    work begins. Should the process die inside, the hold expires by itself and nothing is charged.
    """
    feature = FEATURES[feature_id]
    hold = place_hold(session, user_id, feature.cost, feature=feature.id, note=note or feature.name)
    session.commit()
    try:
        yield feature
    except BaseException:
        session.rollback()
        release_hold(session, hold.id)
        session.commit()
        raise
    capture_hold(session, hold.id)
    session.commit()
