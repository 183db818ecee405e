"""The processes under test: started, asked, their CPU time read, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_START_S = 600.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round, or the medians of several. Times in milliseconds; `cpu_ms` is the server's, per request."""

    requests: int
    per_second: float
    p50: float
    p99: float
    cpu_ms: float


class Served:
    """A server that runs; `name` says which."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.port = port
        self.process = process

    def load(
        self,
        requests: Sequence[str],
        *,
        clients: int,
        seconds: float,
        count: int = 0,
        status: int = 200,
    ) -> Measured:
        """`requests` again and again for so long, or `count` of them if that comes first."""
        asked = {
            "port": self.port,
            "requests": list(requests),
            "clients": clients,
            "seconds": seconds,
            "count": count,
            "status": status,
        }
        before = self.cpu_s()
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench.load"],
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        used = self.cpu_s() - before
        said = json.loads(done.stdout)
        return measured(said["ms"], seconds=said["seconds"], cpu_s=used)

    def wrk(self, path: str, headers: Mapping[str, str], *, clients: int, seconds: float) -> Measured:
        """One request again and again by wrk, which costs the cores it shares with the server next to nothing."""
        before = self.cpu_s()
        done = subprocess.run(
            [
                *("wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{max(1, round(seconds))}s"),
                *("--latency", *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}"))),
                f"http://127.0.0.1:{self.port}{path}",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        used = self.cpu_s() - before
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise RuntimeError(f"{self.name}: expected each request to be answered, found\n{done.stdout}")
        taken_s = _milliseconds(re.search(r"requests in ([\d.]+)(us|ms|s|m)", done.stdout)) / 1000
        requests = int(re.findall(r"(\d+) requests in", done.stdout)[0])
        return Measured(
            requests=requests,
            per_second=requests / taken_s,
            p50=_milliseconds(re.search(r"50%\s+([\d.]+)(us|ms|s|m)", done.stdout)),
            p99=_milliseconds(re.search(r"99%\s+([\d.]+)(us|ms|s|m)", done.stdout)),
            cpu_ms=used * 1000 / requests,
        )

    def cpu_s(self) -> float:
        """CPU seconds of its processes so far."""
        return sum(_cpu_s(pid) for pid in _family(self.process.pid))

    def memory_mb(self) -> float:
        """Resident memory of its largest process."""
        pages = (int(_read(f"/proc/{pid}/statm").split()[1]) for pid in _family(self.process.pid))
        return max(pages) * os.sysconf("SC_PAGESIZE") / 1e6


def _milliseconds(found: re.Match[str] | None) -> float:
    """A time as wrk writes it."""
    if found is None:
        raise RuntimeError("wrk: expected a time in what it said, found none; is it release 4?")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[found[2]]


def measured(times_ms: Sequence[float], *, seconds: float, cpu_s: float) -> Measured:
    """`times_ms` ascending."""
    count = len(times_ms)
    return Measured(
        requests=count,
        per_second=count / seconds,
        p50=times_ms[count // 2],
        p99=times_ms[min(count - 1, count * 99 // 100)],
        cpu_ms=cpu_s * 1000 / count,
    )


def medians(rounds: Sequence[Measured]) -> Measured:
    """Each figure's median."""
    return Measured(
        requests=sum(r.requests for r in rounds),
        per_second=median(r.per_second for r in rounds),
        p50=median(r.p50 for r in rounds),
        p99=median(r.p99 for r in rounds),
        cpu_ms=median(r.cpu_ms for r in rounds),
    )


@contextmanager
def served(kind: str, data: Path) -> Iterator[Served]:
    """`python -m scripts.bench.server kind data port`, answering when the block begins, gone when it ends."""
    port = _free_port()
    command = [sys.executable, "-m", "scripts.bench.server", kind, str(data), str(port)]
    process = subprocess.Popen(command, stdout=sys.stderr.fileno())
    try:
        _wait_for(process, port, kind)
        yield Served(kind, process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def get(path: str, **headers: str) -> str:
    """A request as it goes over the wire; header names with _ for -."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: bench", *lines, "", ""])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, kind: str) -> None:
    """A worker listens once its app is loaded, so an answer means that it is ready."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"server {kind}: it ended with status {process.returncode} before it answered")
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.settimeout(_START_S)
                probe.sendall(b"GET /livez HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"server {kind}: no answer in {_START_S:.0f} s")


def _family(pid: int) -> list[int]:
    """The process and its children, theirs included."""
    try:
        children = [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]
    except FileNotFoundError:
        return []
    return [pid, *(member for child in children for member in _family(child))]


def _cpu_s(pid: int) -> float:
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
