"""The SQL: for each operation one statement of PostgreSQL, and the plain ones that do the same on SQLite."""

ENTRY = "user_id, amount, balance_after, entry_type, category, idempotency_key, note, created_at"
REQUEST = "user_id, maker, idempotency_key, operation, body_hash, status, created_at"
HOLD = (
    "user_id, amount, captured_amount, status, feature, note, maker, idempotency_key, created_at, ended_at, expires_at"
)
EVENT = (
    "stripe_event_id, event_type, stripe_object_id, payload, status, attempts, created_at, received_at, processed_at"
)

CALLER = "caller AS (SELECT user_id FROM api_keys WHERE key_hash = %(key_hash)s AND revoked_at IS NULL)"
ASKED = f"""asked AS (
    INSERT INTO api_requests ({REQUEST})
    SELECT user_id, 'user', %(key)s::varchar, %(operation)s, %(body_hash)s, %(status)s, %(now)s FROM caller)"""
EXPIRES_AT = "clock_timestamp() + interval '900 seconds'"

POSTGRES_BALANCE = f"WITH {CALLER} SELECT credits, credits_held FROM users, caller WHERE id = user_id"
POSTGRES_SPEND = f"""
    WITH {CALLER}, {ASKED}, account AS (
        SELECT users.id FROM users, caller
        WHERE users.id = user_id AND credits - credits_held >= %(amount)s FOR NO KEY UPDATE OF users
    ), hold AS (
        INSERT INTO holds ({HOLD})
        SELECT id, %(amount)s, %(amount)s, 'captured', %(feature)s::varchar, NULL, 'user',
               'api:' || id || ':' || %(key)s::varchar, %(now)s, %(now)s, {EXPIRES_AT}
        FROM account RETURNING id, user_id
    ), changed AS (
        UPDATE users SET credits = credits - %(amount)s FROM hold WHERE users.id = user_id RETURNING credits
    )
    INSERT INTO ledger_entries ({ENTRY})
    SELECT user_id, -%(amount)s, credits, 'capture', NULL, 'capture:' || hold.id, %(feature)s::varchar, %(now)s
    FROM hold, changed RETURNING id, created_at, amount, balance_after, note"""
PLACE = f"""
    account AS (
        UPDATE users SET credits_held = credits_held + %(amount)s FROM caller
        WHERE users.id = user_id AND credits - credits_held >= %(amount)s RETURNING users.id
    )
    INSERT INTO holds ({HOLD})
    SELECT id, %(amount)s, NULL, 'open', %(feature)s::varchar, NULL, %(maker)s::varchar, %(cause)s::varchar, %(now)s,
           NULL, {EXPIRES_AT}
    FROM account RETURNING id, amount, status, feature, note, created_at, expires_at, maker"""
POSTGRES_PLACE = f"WITH {CALLER}, {ASKED}, {PLACE}"
CAPTURE = f"""
    hold AS (
        UPDATE holds SET status = 'captured', captured_amount = amount, ended_at = %(now)s FROM caller
        WHERE holds.id = %(hold_id)s AND holds.user_id = caller.user_id AND status = 'open'
          AND expires_at > clock_timestamp()
        RETURNING holds.id, holds.user_id, amount, feature
    ), changed AS (
        UPDATE users SET credits = credits - amount, credits_held = credits_held - amount FROM hold
        WHERE users.id = hold.user_id RETURNING credits, credits_held
    ), entry AS (
        INSERT INTO ledger_entries ({ENTRY})
        SELECT user_id, -amount, credits, 'capture', NULL, 'capture:' || hold.id, feature, %(now)s FROM hold, changed
        RETURNING id, created_at, amount, balance_after, note
    )"""
POSTGRES_CAPTURE = f"WITH {CALLER}, {ASKED}, {CAPTURE} SELECT * FROM entry"
# Of a feature the caller is who is logged in.
LOGGED_IN = "caller AS (SELECT user_id FROM login_sessions WHERE token_hash = %(token_hash)s)"
POSTGRES_FEATURE_PLACE = f"WITH {LOGGED_IN}, {PLACE}"
POSTGRES_FEATURE_CAPTURE = f"WITH {LOGGED_IN}, {CAPTURE} SELECT credits - credits_held FROM changed"
POSTGRES_GRANT = f"""
    WITH event AS (
        INSERT INTO stripe_events ({EVENT})
        VALUES (%(event_id)s, %(event_type)s, %(session_id)s, %(payload)s, 'processed', 1, %(created_at)s, %(now)s,
                %(now)s)
        ON CONFLICT DO NOTHING RETURNING id
    ), paid AS (
        UPDATE purchases SET status = 'fulfilled', fulfilled_at = %(now)s, stripe_payment_intent_id = %(payment)s
        FROM event WHERE stripe_checkout_session_id = %(session_id)s AND purchases.status <> 'fulfilled'
        RETURNING purchases.id, user_id, credits
    ), granted AS (
        UPDATE users SET credits = users.credits + paid.credits FROM paid WHERE users.id = user_id
        RETURNING users.credits
    )
    INSERT INTO ledger_entries ({ENTRY})
    SELECT user_id, paid.credits, granted.credits, 'grant', 'paid', 'purchase:' || paid.id, 'Growth package', %(now)s
    FROM paid, granted"""

SQLITE_CALLER = "SELECT user_id FROM api_keys WHERE key_hash = :key_hash AND revoked_at IS NULL"
SQLITE_LOGGED_IN = "SELECT user_id FROM login_sessions WHERE token_hash = :token_hash"
SQLITE_BALANCE = f"SELECT credits, credits_held FROM users WHERE id = ({SQLITE_CALLER})"
SQLITE_REQUEST = f"""
    INSERT INTO api_requests ({REQUEST})
    VALUES (:user_id, 'user', :key, :operation, :body_hash, :status, :now) RETURNING id"""
SQLITE_SPEND = f"""
    INSERT INTO holds ({HOLD})
    SELECT id, :amount, :amount, 'captured', :feature, NULL, 'user', :cause, :now, :now, :expires_at
    FROM users WHERE id = :user_id AND credits - credits_held >= :amount RETURNING id"""
SQLITE_SET_ASIDE = """
    UPDATE users SET credits_held = credits_held + :amount
    WHERE id = :user_id AND credits - credits_held >= :amount RETURNING id"""
SQLITE_PLACE = f"""
    INSERT INTO holds ({HOLD})
    VALUES (:user_id, :amount, NULL, 'open', :feature, NULL, :maker, :cause, :now, NULL, :expires_at)
    RETURNING id, amount, status, feature, note, created_at, expires_at, maker"""
SQLITE_END = """
    UPDATE holds SET status = 'captured', captured_amount = amount, ended_at = :now
    WHERE id = :hold_id AND user_id = :user_id AND status = 'open' AND expires_at > :now RETURNING amount, feature"""
SQLITE_CHANGE = """
    UPDATE users SET credits = credits + :amount, credits_held = credits_held - :released WHERE id = :user_id
    RETURNING credits, credits_held"""
SQLITE_ENTRY = f"""
    INSERT INTO ledger_entries ({ENTRY})
    VALUES (:user_id, :amount, :balance_after, :entry_type, :category, :key, :note, :now)
    RETURNING id, created_at, amount, balance_after, note"""
SQLITE_EVENT = f"""
    INSERT INTO stripe_events ({EVENT})
    VALUES (:event_id, :event_type, :session_id, :payload, 'processed', 1, :created_at, :now, :now)
    ON CONFLICT DO NOTHING RETURNING id"""
SQLITE_PAID = """
    UPDATE purchases SET status = 'fulfilled', fulfilled_at = :now, stripe_payment_intent_id = :payment
    WHERE stripe_checkout_session_id = :session_id AND status <> 'fulfilled' RETURNING id, user_id, credits"""
