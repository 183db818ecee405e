"""supervisor, asked over its socket: which programs run, start these, stop everything."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from shared.errors import Unavailable

ANSWERS_WITHIN_S = 10.0
STOPS_WITHIN_S = 38.0
_LOOK_S = 0.05
_SET_CHILD_SUBREAPER = 36
# The system takes 107 bytes; supervisor first makes one with its process id at the end of the name.
_LONGEST_SOCKET = 95
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "TERM")


class Supervisor:
    """supervisord in this process's care; a program that dies is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._configuration = folder / "supervisord.conf"
        self.socket = socket_in(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Runs it, with nothing started yet; it ends when this process does, however that ends."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [*_ENDS_WITH_US, sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + ANSWERS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"supervisor: expected it to answer within {ANSWERS_WITHIN_S} s; see its log")
            time.sleep(_LOOK_S)

    def end_leftover(self) -> None:
        """One whose own parent was killed may still be at stopping what it had started."""
        file = self._folder / "supervisord.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int(file.read_text())
            if b"supervisord" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                return
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + STOPS_WITHIN_S
            while time.monotonic() < end:
                os.kill(pid, 0)
                time.sleep(_LOOK_S)

    def start_programs(self, *groups: str) -> None:
        """Every program of these groups runs or is being started again."""
        for group in groups:
            self._call("supervisor.startProcessGroup", group, False)

    def states(self) -> dict[str, str]:
        """{program: RUNNING, STARTING, BACKOFF, …}."""
        return {item["name"]: item["statename"] for item in self._call("supervisor.getAllProcessInfo")}

    def pids(self) -> dict[str, int]:
        """{program: process id}, 0 for what does not run now."""
        return {item["name"]: int(item["pid"]) for item in self._call("supervisor.getAllProcessInfo")}

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Everything ends in order: the hub's programs, broker, database. Returns when nothing runs any more."""
        if self._process is None:
            return
        end = time.monotonic() + STOPS_WITHIN_S
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN_S)
        self._process.kill()
        self._process.wait()
        _end_orphans(end)

    def _answers(self) -> bool:
        try:
            self._call("supervisor.getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self.socket}")
        with contextlib.closing(transport):
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            called = proxy
            for part in method.split("."):
                called = getattr(called, part)
            return called(*arguments)


def socket_in(folder: Path) -> Path:
    """Where supervisor is asked: in the folder, or where the system's names for sockets are too short for that."""
    inside = folder.resolve() / "supervisor.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET:
        return inside
    key = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"models-hub-{os.geteuid()}-{key}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.geteuid():
        raise Unavailable(
            f"{place}: expected a folder of our own, found another user's; set HUB_DATA_DIR to less depth"
        )
    return place / inside.name


def adopt_orphans() -> None:
    """From now on this process is the parent of what its children leave behind."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans(end: float) -> None:
    """Returns when this process has no children any more; those that live on at `end` are killed."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > end:
                _kill_children()
            time.sleep(_LOOK_S)


def _kill_children() -> None:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii")
    for pid in map(int, children.split()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def ready(host: str, port: int, path: str = "/readyz") -> bool:
    """Whether an HTTP server there answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False
