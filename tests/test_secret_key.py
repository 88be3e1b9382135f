"""The secret key that development makes for itself, once."""

import subprocess
import sys
from pathlib import Path

import pytest

from payapp.config import PROJECT_ROOT, ConfigError, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key of the machine's, and an instance folder of the test's own."""
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("PAYAPP_ENV", "development")
    monkeypatch.setenv("PAYAPP_INSTANCE_PATH", str(tmp_path))


def test_the_secret_key_is_made_once(tmp_path: Path) -> None:
    first = load_settings().secret_key
    assert len(first) == 64
    assert load_settings().secret_key == first
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ConfigError, match=r"^SECRET_KEY: .*secret_key is empty"):
        load_settings()


RACE = """
import multiprocessing, os, pathlib, sys
from payapp.config import load_settings

fork = multiprocessing.get_context("fork")
start = fork.Barrier(6)

def report(answers):
    for round in range(200):
        start.wait()
        answers.put((round, load_settings({"PAYAPP_INSTANCE_PATH": f"{sys.argv[1]}/{round}"}).secret_key))

answers = fork.SimpleQueue()
processes = [fork.Process(target=report, args=(answers,), daemon=True) for _ in range(6)]
[process.start() for process in processes]
keys = {answers.get() for _ in range(6 * 200)}
print(len(keys), {len(key) for _, key in keys})
"""


def test_processes_that_start_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    printed = subprocess.check_output(command, cwd=PROJECT_ROOT, text=True, timeout=60)
    assert printed.split() == ["200", "{64}"]
    assert {path.name for path in tmp_path.glob("*/*")} == {"secret_key"}
