"""What the database itself refuses, whoever asks: an entry of the log is never changed, and never goes.

The statements are run by migration 0018, so they are never edited: a change is a new guard in a new migration.
"""

SQLITE_AUDIT_GUARDS = {
    "audit_entries_no_update": """
        CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
        BEGIN SELECT RAISE(ABORT, 'audit entries are only ever inserted'); END""",
    # INSERT OR REPLACE deletes without firing this, hence no_replace: as in ledger/guards.py.
    "audit_entries_no_delete": """
        CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
        BEGIN SELECT RAISE(ABORT, 'audit entries are only ever inserted'); END""",
    "audit_entries_no_replace": """
        CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries
        WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit entries are only ever inserted'); END""",
}

POSTGRESQL_AUDIT_GUARDS = {
    "audit_refuse": """
        CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'audit entries are only ever inserted' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    "audit_entries_no_update": """
        CREATE TRIGGER audit_entries_no_update BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    "audit_entries_no_truncate": """
        CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
}
