"""What a statement has to ask once it holds a lock: it sees what was committed until then, not until it began."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COUNT_OPEN_HOLDS = """
    CREATE FUNCTION count_open_holds(account bigint) RETURNS bigint VOLATILE LANGUAGE plpgsql AS $$
    BEGIN
      RETURN (SELECT count(*) FROM holds WHERE user_id = account AND status = 'open');
    END $$"""
LOCK_PAYMENT = """
    CREATE FUNCTION lock_payment_and_ask_for_returns(payment text) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(payment, 0));
      RETURN EXISTS (SELECT FROM refunds WHERE stripe_payment_intent_id = payment)
          OR EXISTS (SELECT FROM disputes WHERE stripe_payment_intent_id = payment)
          OR EXISTS (SELECT FROM charges WHERE stripe_payment_intent_id = payment);
    END $$"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(COUNT_OPEN_HOLDS)
        op.execute(LOCK_PAYMENT)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION lock_payment_and_ask_for_returns(text)")
        op.execute("DROP FUNCTION count_open_holds(bigint)")
