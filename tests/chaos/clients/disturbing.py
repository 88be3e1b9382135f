"""Disturbances: events once more, twice, late, in any order, and as twins under another id."""

import json
from typing import Any

from tests.chaos.clients.client import Client, NoAnswerError
from tests.factories import signature_of

PLANS: list[dict[str, Any]] = [
    {"mode": "normal"},
    {"mode": "twice", "seconds": 0.5},
    {"mode": "shuffled", "seconds": 2},
    {"mode": "late", "seconds": 1.5},
]
# The types that move something: to have them come again is more interesting than the others.
INTERESTING = ("checkout.session.", "charge.refund", "refund.", "charge.dispute.")


class Disturber(Client):
    """Does to deliveries whatever Stripe may do."""

    pause_seconds_max = 0.3

    def act(self) -> None:
        self.dice.choice((self._plan, self._resend, self._resend, self._bring_twin))()

    def _plan(self) -> None:
        self.order("deliveries/plan", **self.dice.choice(PLANS))

    def _resend(self) -> None:
        """Have some events delivered again, at once or late; one that is still under way starts afresh."""
        for event in self._choose_events(2):
            times, after_seconds = self.dice.randint(1, 3), self.dice.choice((0, 0, 2))
            outcome = self.order(f"events/{event['id']}/resend", times=times, after_seconds=after_seconds)
            self.journal.write("resend", event["id"], outcome, 0)

    def _bring_twin(self) -> None:
        """Deliver the same fact under another event id: https://docs.stripe.com/webhooks#handle-duplicate-events."""
        for event in self._choose_events(1):
            twin = json.dumps({**event, "id": f"{event['id']}twin{self.dice.randrange(10**6)}"}, indent=2)
            headers = {"Stripe-Signature": signature_of(twin), "Content-Type": "application/json"}
            try:
                answer = self.ask("POST", f"{self.scene.app_url}/webhooks/stripe", data=twin.encode(), headers=headers)
            except NoAnswerError:
                continue
            assert answer.status_code == 200 or answer.status_code >= 500, f"{answer.status_code} for a signed event"
            outcome = "acknowledged" if answer.status_code == 200 else "unclear"
            self.journal.write("twin", json.loads(twin)["id"], outcome, answer.status_code)

    def _choose_events(self, count: int) -> list[dict[str, Any]]:
        events = [event for event in self.list_objects("/v1/events") if event["type"].startswith(INTERESTING)]
        return self.dice.sample(events, min(count, len(events)))
