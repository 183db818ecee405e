"""Service processes without their loading time: forked from one process that has loaded every service.

    python -m tests.support.split_nursery

reads one JSON object a line, `{"service", "environment", "log"}`, and answers with a process id.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import greenlet

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1
SERVICES = ("registry", "review", "identity", "catalog", "pr_bot")


class Nursery:
    """The process that has loaded them; it ends with this one, and its children with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.split_nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, service: str, environment: Mapping[str, str], log: Path) -> int:
        """`python -m services.<service>` with this environment alone, its output in `log`; its process id."""
        assert self._process.stdin is not None and self._process.stdout is not None
        asked = {"service": service, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, pid: int) -> None:
        """kill -9, with all it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """The one of this process; it takes a second or two when it is first asked for."""
    found = Nursery()
    atexit.register(found.end)
    return found


def _serve() -> None:
    from shared.green import go_green

    go_green()
    programs = {name: _program(name) for name in SERVICES}
    # Nobody waits for a child: the system forgets it when it ends.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked, programs[asked["service"]])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _program(name: str) -> object:
    import importlib

    return importlib.import_module(f"services.{name}.__main__").program()


def _become(asked: dict[str, object], program: object) -> None:
    """In the child; does not return."""
    code = 1
    try:
        os.setsid()
        # The nursery ends with whoever started it, and this process with the nursery, however that was killed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(str(asked["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in (1, 2):
            os.dup2(output, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(asked["environment"])  # type: ignore[call-overload]
        signal.signal(signal.SIGUSR2, _say_where_all_wait)
        _with_a_hub_of_its_own()
        from shared import process

        code = process.main(program, [])  # type: ignore[arg-type]
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _with_a_hub_of_its_own() -> None:
    """The nursery's event loop came along: with one epoll for all, each child would take what the others wait for."""
    from eventlet import hubs

    hubs.get_hub().poll.close()
    hubs.use_hub()


def _say_where_all_wait(_number: int, _frame: object) -> None:
    """For whoever looks into a process that stands still: the stack of each greenlet, in its log."""
    for each in gc.get_objects():
        if isinstance(each, greenlet.greenlet) and each.gr_frame is not None:
            sys.stderr.write("".join(["greenlet:\n", *traceback.format_stack(each.gr_frame)[-9:], "\n"]))
    sys.stderr.flush()


if __name__ == "__main__":
    _serve()
