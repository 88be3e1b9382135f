"""What a stand-in is started with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StandInSettings:
    """Start options of one stand-in. Durations are in seconds; `state_path` None keeps all in memory."""

    public_url: str
    state_path: str | None = None
    api_key: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    merchant_name: str = "Your shop"
    late_seconds: float = 10
    settle_seconds: float = 60
    refund_seconds: float = 10
    retry_base_seconds: float = 1
    delivery_timeout_seconds: float = 10
