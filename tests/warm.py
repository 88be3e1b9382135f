"""Programs and racers that start warm: forked from a process that has imported everything, one for each test process.

They are real processes, each with its own memory, signals and death. Only the second and a half is spared in which
every one of them would import the same modules. `make run`, `make chaos` at full size and the benchmark start cold.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

SECONDS_MAX = 60

WARM = multiprocessing.get_context("forkserver")
WARM_MODULES = ["tests.warm_modules"]
WARM.set_forkserver_preload(WARM_MODULES)


class WarmProgram:
    """`python -m module arguments`, as far as subprocess.Popen's methods go that tests need."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._name = module
        self._process = WARM.Process(target=_become, args=(module, arguments, dict(environment), log), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._name, timeout or 0)
        return self._process.exitcode


def run_warm(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], seconds_max: float | None = SECONDS_MAX
) -> tuple[int, str]:
    """Run such a program to its end; return its exit status and what it printed. Raises subprocess.TimeoutExpired."""
    with NamedTemporaryFile("r") as printed:
        status = WarmProgram(module, arguments, environment, Path(printed.name)).wait(seconds_max)
        return status, printed.read()


def _become(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    os.setsid()  # killed with all its children, see Stack.kill()
    for descriptor, path, flags in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
