"""What the database itself refuses, whoever asks: README.md says which law each guard keeps.

The statements are run by the migrations, so they are never edited: a change is a new guard in a new
migration. `verify()` reports a guard that has gone missing.
"""

# Made by migration 0001.
SQLITE_FIRST_GUARDS = {
    "ledger_entries_no_update": """
        CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
        BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever inserted'); END""",
    # INSERT OR REPLACE deletes without firing this (unless the connection has recursive_triggers on), hence no_replace.
    "ledger_entries_no_delete": """
        CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
        BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever inserted'); END""",
    "ledger_entries_no_replace": """
        CREATE TRIGGER ledger_entries_no_replace BEFORE INSERT ON ledger_entries
        WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id OR idempotency_key = NEW.idempotency_key
                     OR reverses_entry_id = NEW.reverses_entry_id)
        BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever inserted'); END""",
    "ledger_entries_agree": """
        CREATE TRIGGER ledger_entries_agree AFTER INSERT ON ledger_entries
        WHEN NEW.balance_after IS NOT (SELECT credits FROM users WHERE id = NEW.user_id)
        BEGIN SELECT RAISE(ABORT, 'balance_after is not the balance of the account'); END""",
    # A BIGINT column of SQLite keeps whatever it is given; PostgreSQL's does not need this.
    "ledger_entries_whole": """
        CREATE TRIGGER ledger_entries_whole AFTER INSERT ON ledger_entries WHEN typeof(NEW.amount) <> 'integer'
        BEGIN SELECT RAISE(ABORT, 'credits are whole numbers'); END""",
    "users_hold_what_is_available": """
        CREATE TRIGGER users_hold_what_is_available BEFORE UPDATE OF credits_held ON users
        WHEN NEW.credits_held > OLD.credits_held AND NEW.credits_held > NEW.credits
        BEGIN SELECT RAISE(ABORT, 'fewer credits are available'); END""",
    "holds_end_once": """
        CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds WHEN OLD.status <> 'open'
        BEGIN SELECT RAISE(ABORT, 'the hold has ended'); END""",
}

# A trigger's argument is what the refusal says.
POSTGRESQL_FIRST_GUARDS = {
    "ledger_refuse": """
        CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    "ledger_entries_no_update": """
        CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE OR DELETE ON ledger_entries
        FOR EACH ROW EXECUTE FUNCTION ledger_refuse('ledger entries are only ever inserted')""",
    "ledger_entries_no_truncate": """
        CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('ledger entries are only ever inserted')""",
    "ledger_entries_compare": """
        CREATE FUNCTION ledger_entries_compare() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.balance_after IS DISTINCT FROM (SELECT credits FROM users WHERE id = NEW.user_id) THEN
            RAISE EXCEPTION 'balance_after is not the balance of the account' USING ERRCODE = 'check_violation';
          END IF;
          RETURN NULL;
        END $$""",
    "ledger_entries_agree": """
        CREATE TRIGGER ledger_entries_agree AFTER INSERT ON ledger_entries
        FOR EACH ROW EXECUTE FUNCTION ledger_entries_compare()""",
    "users_hold_what_is_available": """
        CREATE TRIGGER users_hold_what_is_available BEFORE UPDATE OF credits_held ON users FOR EACH ROW
        WHEN (NEW.credits_held > OLD.credits_held AND NEW.credits_held > NEW.credits)
        EXECUTE FUNCTION ledger_refuse('fewer credits are available')""",
    "holds_end_once": """
        CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds FOR EACH ROW WHEN (OLD.status <> 'open')
        EXECUTE FUNCTION ledger_refuse('the hold has ended')""",
}

# Made by migration 0003. A NULL on the way (no such entry, no sum) refuses, too.
_CORRECTS_A_GRANT = """
    SELECT 1 FROM ledger_entries AS standing
    WHERE standing.id = NEW.corrects_entry_id AND standing.entry_type = 'grant' AND standing.user_id = NEW.user_id
      AND (SELECT SUM(amount) FROM ledger_entries AS correction WHERE correction.corrects_entry_id = standing.id)
        BETWEEN -standing.amount AND 0"""
_REFUSAL = "no more is taken back than was granted, nor given back than was taken"

SQLITE_CORRECTION_GUARDS = {
    "ledger_entries_correct_grants": f"""
        CREATE TRIGGER ledger_entries_correct_grants AFTER INSERT ON ledger_entries
        WHEN NEW.corrects_entry_id IS NOT NULL AND NOT EXISTS ({_CORRECTS_A_GRANT})
        BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
}
POSTGRESQL_CORRECTION_GUARDS = {
    "ledger_entries_weigh": f"""
        CREATE FUNCTION ledger_entries_weigh() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NOT EXISTS ({_CORRECTS_A_GRANT}) THEN
            RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'check_violation';
          END IF;
          RETURN NULL;
        END $$""",
    "ledger_entries_correct_grants": """
        CREATE TRIGGER ledger_entries_correct_grants AFTER INSERT ON ledger_entries
        FOR EACH ROW WHEN (NEW.corrects_entry_id IS NOT NULL) EXECUTE FUNCTION ledger_entries_weigh()""",
}

# Made by migration 0005. A hold that begins ended never was held: its credits must be available at this moment.
_IS_AVAILABLE = "SELECT 1 FROM users WHERE id = NEW.user_id AND credits - credits_held >= NEW.amount"

SQLITE_SPEND_GUARDS = {
    "holds_spend_what_is_available": f"""
        CREATE TRIGGER holds_spend_what_is_available BEFORE INSERT ON holds
        WHEN NEW.status <> 'open' AND NOT EXISTS ({_IS_AVAILABLE})
        BEGIN SELECT RAISE(ABORT, 'fewer credits are available'); END""",
}
POSTGRESQL_SPEND_GUARDS = {
    "holds_compare": f"""
        CREATE FUNCTION holds_compare() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NOT EXISTS ({_IS_AVAILABLE}) THEN
            RAISE EXCEPTION 'fewer credits are available' USING ERRCODE = 'check_violation';
          END IF;
          RETURN NEW;
        END $$""",
    "holds_spend_what_is_available": """
        CREATE TRIGGER holds_spend_what_is_available BEFORE INSERT ON holds
        FOR EACH ROW WHEN (NEW.status <> 'open') EXECUTE FUNCTION holds_compare()""",
}

# Made by migration 0013, in place of the first: one question for each index. Asked all at once, SQLite that ANALYZE has
# told how seldom entries are reversed looked through all of them at every insert.
SQLITE_REPLACE_GUARDS = {
    "ledger_entries_no_replace": """
        CREATE TRIGGER ledger_entries_no_replace BEFORE INSERT ON ledger_entries
        WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
          OR EXISTS (SELECT 1 FROM ledger_entries WHERE idempotency_key = NEW.idempotency_key)
          OR (NEW.reverses_entry_id IS NOT NULL
              AND EXISTS (SELECT 1 FROM ledger_entries WHERE reverses_entry_id = NEW.reverses_entry_id))
        BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever inserted'); END""",
}

SQLITE_GUARDS = SQLITE_FIRST_GUARDS | SQLITE_CORRECTION_GUARDS | SQLITE_SPEND_GUARDS | SQLITE_REPLACE_GUARDS
POSTGRESQL_GUARDS = POSTGRESQL_FIRST_GUARDS | POSTGRESQL_CORRECTION_GUARDS | POSTGRESQL_SPEND_GUARDS
