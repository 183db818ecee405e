"""A hub as people run it: `models-hub run` in a process of its own, killed and started again at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from tests.support.generated import generated_models
from tests.support.real_data import PROJECT, write_tree

DEADLINE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def generated_source(folder: Path, count: int = 12) -> Path:
    """A small upstream tree, one file a model."""
    files = {
        f"xinference/model/{model.type}/models/{model.name}.json": model.document for model in generated_models(count)
    }
    write_tree(folder, files)
    return folder


class HubProcess:
    """`settings` are HUB_ variables besides data directory and port; output goes to `folder/hub.log`."""

    def __init__(self, folder: Path, *, port: int | None = None, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "hub.log"
        ambient = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        ambient.pop("PYTHONDONTWRITEBYTECODE", None)
        self.environment = {
            **ambient,
            "HUB_DATA_DIR": str(self.data),
            "HUB_PORT": str(self.port),
            "HUB_URL": self.url,
            "HUB_CATALOG_SOURCE": "none",
            "HUB_UPSTREAM_POLL_S": "1",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """Starts it and waits for nothing."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "run"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process

    def start(self, *, deadline_s: float = DEADLINE_S) -> HubProcess:
        """Starts it and waits until it serves."""
        process = self.launch()
        end = time.monotonic() + deadline_s
        while not self.serves():
            assert process.poll() is None, f"the hub ended with {process.returncode}: {self.said()}"
            assert time.monotonic() < end, f"the hub does not serve after {deadline_s} s: {self.said()}"
            time.sleep(0.05)
        return self

    def serves(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def kill(self) -> None:
        """kill -9 of everything it started."""
        process = self.running()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Asks it to stop and answers its exit code."""
        process = self.running()
        process.send_signal(number)
        return process.wait(DEADLINE_S)

    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "never started"
        return self.process

    def end(self) -> None:
        """Nothing of it is left, whatever a test did."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def workers(self) -> list[int]:
        """The server's child processes."""
        children = Path(f"/proc/{self.running().pid}/task/{self.running().pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    def console(self, *arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """The console command on the hub's machine."""
        return subprocess.run(
            [sys.executable, "-m", "gateway.cli", *arguments],
            cwd=PROJECT,
            env={**self.environment, **settings},
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def token(self, login: str, scope: str = "admin") -> str:
        done = self.console("token", "add", login, "--scope", scope)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get(self, path: str, token: str = "", **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.get(f"{self.url}/api/v1{path}", headers=headers, params=query, timeout=30)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def require_clean(self) -> None:
        """doctor finds nothing."""
        done = self.console("doctor")
        assert done.returncode == 0, done.stdout + done.stderr
