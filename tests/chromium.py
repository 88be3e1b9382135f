"""Finds a Chromium or Chrome for the browser tests; as a program, installs Debian's where it can."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# No call home: without a network each one would be refused, many at a time.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Return the path of a browser that Playwright can drive: CHROME_PATH, else any that is installed."""
    named = os.environ.get("CHROME_PATH")
    found = (shutil.which(name) for name in NAMES)
    return named or next((path for path in (*found, *PLACES) if path and Path(path).exists()), None)


def main() -> None:
    """Make sure there is a browser; without one say so, and let the tests that need it be skipped."""
    if find_chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("installing Debian's chromium for the browser tests …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update"], check=False, env=environment, **quiet)  # type: ignore[call-overload]
        subprocess.run(
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
            check=False,
            env=environment,
            **quiet,  # type: ignore[call-overload]
        )
    if not find_chromium():
        print("no Chromium or Chrome found: the browser tests will be skipped", file=sys.stderr)


if __name__ == "__main__":
    main()
