"""What a user can show besides the password: an authenticator app's secret, passkeys, recovery codes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime


class TotpSecret(Base):
    """The secret that a user shares with an authenticator app; one a user, and none counts before it is confirmed.

    `sealed_secret` is encrypted (sealing.py). Codes of `last_step` and of earlier steps are used up.
    """

    __tablename__ = "totp_secrets"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    sealed_secret: Mapped[str] = mapped_column(String(255))
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """One of the ten codes that let a user in who has lost everything else. It is deleted by being used."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    code_hash: Mapped[str] = mapped_column(String(64))


class Passkey(Base):
    """A key pair of a user's device or password manager, of which we have the public half.

    `user_handle` is what passkeys of one user have in common for the device: random, so that it tells nothing.
    `sign_count` counts the uses, where the device counts them: a lower one than ours comes from a copy.
    """

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user_id", "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallenge(Base):
    """A question that a passkey has to sign, until `expires_at`; it is deleted by being answered.

    `bound_to` names who was asked, and what for: an answer given anywhere else is none. `user_handle` is what a new
    passkey was told to know the user by; empty where a passkey is to be shown.
    """

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index("ix_passkey_challenges_expires_at", "expires_at"),)

    challenge: Mapped[bytes] = mapped_column(LargeBinary(64), primary_key=True)
    bound_to: Mapped[str] = mapped_column(String(100))
    user_handle: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
