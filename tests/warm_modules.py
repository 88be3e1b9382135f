"""What a warm process has imported before it is forked: see tests/warm.py. Nothing here may read settings."""

from tests.compiled_templates import keep_compiled_templates

keep_compiled_templates()

__all__ = [
    *("alembic", "email_validator", "fake_stripe", "flask", "flask_migrate", "gunicorn", "huey"),
    *("local_mailbox", "payapp", "tests"),
]
