"""What tests of the wall begin with: the stand-in, and a service that asks it."""

import pytest

from payapp.stripe_service import Patience, StripeService
from tests.processes import SECRET_KEY
from tests.stand_in import StandIn


@pytest.fixture
def stripe(stand_in: StandIn) -> StandIn:
    stand_in.reset()
    return stand_in


@pytest.fixture
def service(stripe: StandIn) -> StripeService:
    """As the application makes it, but less patient: with pauses of a hundredth of a second."""
    return StripeService(SECRET_KEY, [], stripe.url, patience=Patience(seconds_max=10, pause_seconds=0.01))
