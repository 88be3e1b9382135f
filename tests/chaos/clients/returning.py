"""Money that goes back: refunds and disputes as Stripe's dashboard and the banks would make them, and their ends."""

from typing import Any

from tests.chaos.clients.client import Client

# How often each happens, beside the others. Most payments stay as they are: spending needs credits.
REFUND_COURSES = {"succeeds": 10, "pending": 3, "pending_fails": 3, "fails_later": 3}
DISPUTE_STATUSES = {"needs_response": 6, "warning_needs_response": 3, "prevented": 1}
DISPUTE_MOVES = {"submit": 2, "escalate": 3, "win": 4, "lose": 4, "turn": 2, "reinstate": 1}
SHARE_IN_PART = 0.6


class Returner(Client):
    """Refunds and disputes payments at random; what Stripe itself would refuse, the stand-in refuses."""

    pause_seconds_max = 0.6

    def act(self) -> None:
        if self.may_sell.is_set():
            self.dice.choice((self._refund, self._dispute, self._move_dispute, self._end_refund))()

    def _refund(self) -> None:
        charge = self._choose("/v1/charges")
        if charge is None:
            return
        body = {"charge": charge["id"], "course": self.weigh(REFUND_COURSES), **self._part_of(charge["amount"])}
        self.journal.write("refund", charge["id"], self.order("refunds", **body), 0)

    def _dispute(self) -> None:
        charge = self._choose("/v1/charges")
        if charge is None:
            return
        body = {"charge": charge["id"], "status": self.weigh(DISPUTE_STATUSES), **self._part_of(charge["amount"])}
        self.journal.write("dispute", charge["id"], self.order("disputes", **body), 0)

    def _move_dispute(self) -> None:
        dispute = self._choose("/v1/disputes")
        if dispute is None:
            return
        move = self.weigh(DISPUTE_MOVES)
        outcome = self.order(f"disputes/{dispute['id']}/{move}", **self._reinstated(dispute, move))
        self.journal.write(f"dispute, {move}", dispute["id"], outcome, 0)

    def _reinstated(self, dispute: dict[str, Any], move: str) -> dict[str, int]:
        """Return how much of the money comes back, for the moves that may bring back a part."""
        if move not in ("lose", "reinstate") or self.dice.random() > SHARE_IN_PART:
            return {}
        name = {"lose": "reinstated_amount", "reinstate": "amount"}[move]
        return {name: self.dice.randint(1, dispute["amount"])}

    def _end_refund(self) -> None:
        """Let a refund succeed or fail now, also one that has succeeded."""
        refund = self._choose("/v1/refunds")
        if refund is not None:
            end = self.dice.choice(("succeed", "fail"))
            outcome = self.order(f"refunds/{refund['id']}/{end}")
            self.journal.write(f"refund, {end}", refund["id"], outcome, 0)

    def _choose(self, path: str) -> dict[str, Any] | None:
        objects = self.list_objects(path)
        return self.dice.choice(objects) if objects else None

    def _part_of(self, amount: int) -> dict[str, int]:
        return {"amount": self.dice.randint(1, amount)} if self.dice.random() < SHARE_IN_PART else {}
