"""make audit: are weaknesses known of the packages that are pinned? Asks PyPI's advisories by pip-audit.

A package that nobody could be asked about is *not checked*, and the last line says so: pip-audit itself calls a run in
which it learned nothing a success. Exit status 1 for a weakness that ANSWERED does not name, and with `--strict` also
for a package that was not checked.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.source_rules import PROJECT_ROOT

PIP_AUDIT = PROJECT_ROOT / "build" / "audit" / "bin" / "pip-audit"
PINNED = "requirements-dev.txt"  # it holds all that the other files pin, see tests/test_requirements.py
SECONDS_MAX = 300

# An advisory's id, and why it does not touch payapp or until when it is borne.
ANSWERED: dict[str, str] = {}


@dataclass
class Findings:
    """What was learned of the packages; `not_checked` says why of each."""

    checked: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)

    def tell(self) -> str:
        lines = [f"WEAK: {weakness}" for weakness in self.weak]
        if self.not_checked:
            name, reason = next(iter(self.not_checked.items()))
            lines.append(f"NOT CHECKED: {len(self.not_checked)} packages, such as {name}: {reason}")
        if self.checked:
            lines.append(f"checked: {len(self.checked)} packages, {len(self.weak)} weaknesses that nobody has answered")
        return "\n".join(lines or ["NOT CHECKED: nothing was asked"])

    def exit_status(self, *, is_strict: bool) -> int:
        return int(bool(self.weak) or (is_strict and (bool(self.not_checked) or not self.checked)))


def read_report(report: dict[str, Any]) -> Findings:
    """Return the findings of pip-audit's JSON."""
    findings = Findings()
    for package in report.get("dependencies", []):
        name = f"{package['name']} {package.get('version', '')}".strip()
        if "skip_reason" in package:
            findings.not_checked[name] = package["skip_reason"]
            continue
        findings.checked.append(name)
        for one in package.get("vulns", []):
            if not {one["id"], *one.get("aliases", [])} & set(ANSWERED):
                fixed = ", ".join(one.get("fix_versions", [])) or "no version yet"
                findings.weak.append(f"{name}: {one['id']}, mended in {fixed}")
    return findings


def ask(requirements: Path) -> Findings:
    """Run pip-audit on a file of pins. A run that fails has checked nothing."""
    command = [str(PIP_AUDIT), "--requirement", str(requirements), "--no-deps", "--disable-pip"]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner=off", "--format=json"], capture_output=True, text=True, timeout=SECONDS_MAX
        )
        return read_report(json.loads(done.stdout))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Findings(not_checked={requirements.name: f"pip-audit told nothing ({type(error).__name__})"})


if __name__ == "__main__":
    found = ask(PROJECT_ROOT / PINNED)
    print(found.tell())
    sys.exit(found.exit_status(is_strict="--strict" in sys.argv))
