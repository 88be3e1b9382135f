"""Finds a Chromium or Chrome for the browser tests; as a program, installs Debian's where it can."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The first has no window to draw: a page takes a third of the work. The browser below it is the same.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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
    if not shutil.which(SHELL) and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing Debian's {SHELL} for the browser tests …", flush=True)
        _run_apt("update")
        _run_apt("install", SHELL)
        if not find_chromium():
            _run_apt("install", "chromium")  # where the other is no package of its own
    if not find_chromium():
        print("no Chromium or Chrome found: the browser tests will be skipped", file=sys.stderr)


def _run_apt(*arguments: str) -> None:
    """Run apt-get, whatever comes of it: main() looks for itself."""
    command = ["apt-get", "--yes", "--no-install-recommends", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
