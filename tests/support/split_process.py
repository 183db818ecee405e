"""A split hub as people run it: `make split`'s program in a process of its own, with all that it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.split.supervision import Supervisor, ready
from tests.support.hub_process import HubProcess
from tests.support.polling import eventually
from tests.support.real_data import PROJECT

READY_WITHIN_S = 240.0


class SplitProcess(HubProcess):
    """`make split` without the installing; the console command runs beside it as for any hub."""

    def launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.split"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process

    def start(self, *, deadline_s: float = READY_WITHIN_S) -> SplitProcess:
        """Returns when it says that it serves, later than it is ready."""
        said = self.said().count("Models Hub on")
        super().start(deadline_s=deadline_s)
        eventually(lambda: self.said().count("Models Hub on") > said, self.said, within_s=deadline_s)
        return self

    def kill(self) -> None:
        """kill -9 of the launcher alone."""
        process = self.running()
        process.kill()
        process.wait()

    def end(self) -> None:
        super().end()
        for pid in self.left_running():
            os.kill(pid, signal.SIGKILL)

    def pid_of(self, program: str) -> int:
        """0 where it does not run now."""
        return Supervisor(self.data / "split").pids()[program]

    def is_ready(self, program: str) -> bool:
        """As its health port says."""
        said = json.loads((self.data / "split" / "launch" / f"{program}.json").read_text(encoding="utf-8"))
        return ready("127.0.0.1", int(said["environment"]["HUB_HEALTH_PORT"]))

    def left_running(self) -> list[int]:
        """Every process but ours that has the data directory in its command line or its environment."""
        mark = os.fsencode(self.data)
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _names(int(entry.name), mark)]


def _names(pid: int, mark: bytes) -> bool:
    def held(file: str) -> bytes:
        try:
            return Path(f"/proc/{pid}/{file}").read_bytes()
        except OSError:
            return b""

    return pid != os.getpid() and any(mark in held(file) for file in ("cmdline", "environ"))
