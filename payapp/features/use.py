"""One use of a feature, as its hold is placed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """Who pays `cost` credits for what. Asked for again under the same `idempotency_key` it is the same use."""

    user_id: int
    cost: int
    feature: str
    note: str
    idempotency_key: str | None
    expires_in_seconds: float
