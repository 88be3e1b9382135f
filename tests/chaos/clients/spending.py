"""Spends: one credit for a QR code, as a logged-in person; each answer is written down."""

from multiprocessing.synchronize import Event

from tests.chaos.clients.client import Client, NoAnswerError
from tests.chaos.shoppers import Scene, Shopper

SHARE_OF_POOR_WHO_TRY = 0.1


class Spender(Client):
    """Makes QR codes for one shopper after the other; who had no credits last time comes less often."""

    pause_seconds_max = 0.02

    def __init__(self, scene: Scene, number: int, may_sell: Event) -> None:
        super().__init__(scene, number, may_sell)
        self._poor: set[str] = set()

    def act(self) -> None:
        shopper = self.choose_shopper()
        if shopper.email in self._poor and self.dice.random() > SHARE_OF_POOR_WHO_TRY:
            return
        outcome, status = self._spend(shopper)
        self.journal.write("spend", shopper.email, outcome, status)
        self._poor.discard(shopper.email)
        if status == 402:
            self._poor.add(shopper.email)

    def _spend(self, shopper: Shopper) -> tuple[str, int]:
        try:
            answer = self.submit(shopper, "/features/qr-codes", text="https://example.com/")
        except NoAnswerError as error:
            return error.outcome, 0
        status = answer.status_code
        assert status in (200, 402) or status >= 500, f"a spend was answered {status}: {answer.text[:500]}"
        assert status != 200 or "<svg" in answer.text, f"no QR code in {answer.text[:500]}"
        return {200: "acknowledged", 402: "refused"}.get(status, "unclear"), status
