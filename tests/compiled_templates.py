"""Templates are compiled once, not in every process that tests start, nor for every application."""

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from tests.processes import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "build" / "templates"


def keep_compiled_templates() -> None:
    """Have every Flask application that is made from now on, in this process and its forks, keep them in FOLDER.

    A template that was changed is another one there.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    Flask.jinja_options["bytecode_cache"] = FileSystemBytecodeCache(str(FOLDER))
