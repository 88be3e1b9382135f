"""The operations of SQLite that two doors share: in a transaction that is open."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bench.baseline import statements as sql
from bench.baseline.database import Transaction


def write_moment(seconds: float = 0) -> str:
    """Return the moment so many seconds from now as payapp's tables have it on SQLite."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")


def change_account(
    transaction: Transaction, user_id: int, amount: int, released: int, entry: dict[str, Any]
) -> tuple[Any, int]:
    """Change the account and write the entry that says so; return its row and what is available now."""
    values = {"user_id": user_id, "amount": amount, "released": released}
    credits, held = transaction.row(sql.SQLITE_CHANGE, values)
    row = transaction.row(sql.SQLITE_ENTRY, values | {"balance_after": credits, "now": write_moment()} | entry)
    return row, credits - held


def place_hold(transaction: Transaction, user_id: int, amount: int, feature: str, maker: str, cause: str | None) -> Any:
    """Set credits aside; return the hold's row, None when fewer are available."""
    values = {"user_id": user_id, "amount": amount, "feature": feature, "maker": maker, "cause": cause}
    if not transaction.row(sql.SQLITE_SET_ASIDE, values):
        return None
    return transaction.row(sql.SQLITE_PLACE, values | {"now": write_moment(), "expires_at": write_moment(900)})


def capture_hold(transaction: Transaction, user_id: int, hold_id: int) -> tuple[Any, int]:
    """End the hold with its entry; return its row and what is available now."""
    values = {"user_id": user_id, "hold_id": hold_id, "now": write_moment()}
    amount, feature = transaction.row(sql.SQLITE_END, values)
    entry = {"entry_type": "capture", "category": None, "key": f"capture:{hold_id}", "note": feature}
    return change_account(transaction, user_id, -amount, amount, entry)
