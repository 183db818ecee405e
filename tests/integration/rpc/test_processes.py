"""`python -m services.<name>` and `python -m gateway.wsgi`, as an operator or Kubernetes runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from gateway.embedded import SERVICES
from shared.migrations import migrate
from tests.support.hub_process import free_port
from tests.support.polling import eventually
from tests.support.servers import postgresql

ROOT = Path(__file__).parents[3]
NAMES = tuple(SERVICES)


def environment(**settings: str) -> dict[str, str]:
    ambient = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**ambient, "DATABASE_URL": "", "AMQP_URI": "", **settings}


def said_by(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Running:
    """A process with a port, and where it says what."""

    def __init__(self, module: str, folder: Path, port: int, settings: dict[str, str]) -> None:
        self.module = module
        self._log = folder / f"{module}.log"
        self._url = f"http://127.0.0.1:{port}"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, env=environment(**settings), stdout=output, stderr=output
            )

    def status(self, path: str) -> int:
        """0 while nothing listens."""
        try:
            return requests.get(self._url + path, timeout=10).status_code
        except requests.ConnectionError:
            return 0

    def get(self, path: str) -> requests.Response:
        return requests.get(self._url + path, timeout=10)

    def said(self) -> str:
        return f"{self.module}: {self._log.read_text(encoding='utf-8')}"

    def await_status(self, path: str, status: int) -> None:
        eventually(lambda: self.status(path) == status, self.said, within_s=60)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        """The exit code, awaited."""
        return self.process.wait(30)


@contextmanager
def running(module: str, folder: Path, **settings: str) -> Iterator[Running]:
    port = free_port()
    settings = {"HUB_DATA_DIR": str(folder), "HUB_PORT": str(port), "HUB_HEALTH_PORT": str(port), **settings}
    process = Running(module, folder, port, settings)
    try:
        yield process
    finally:
        process.process.kill()
        process.process.wait()


@pytest.mark.parametrize("name", NAMES)
def test_help_lists_the_settings(name: str) -> None:
    done = said_by(f"services.{name}", "--help")
    assert done.returncode == 0
    assert all(f"\n  {setting}: " in done.stdout for setting in ("DATABASE_URL", "AMQP_URI", "HUB_HEALTH_PORT"))


def test_every_wrong_setting_is_said_at_once_and_without_a_trace() -> None:
    done = said_by("services.review", HUB_SELF_REVIEW="maybe", AMQP_URI="http://x")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("HUB_SELF_REVIEW", "DATABASE_URL", "AMQP_URI"))
    assert "Traceback" not in done.stderr


def test_port_that_is_taken_is_said_without_a_trace(amqp_uri: str, tmp_path: Path) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "AMQP_URI": amqp_uri}
    with running("services.review", tmp_path, **database) as first:
        first.await_status("/livez", 200)
        port = first.get("/livez").url.rsplit(":", 1)[1].split("/", maxsplit=1)[0]
        done = said_by("services.review", HUB_HEALTH_PORT=port, **database)
    assert done.returncode == 2
    assert f"HUB_HEALTH_PORT {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_process_waits_for_a_schema_that_is_not_there_yet(amqp_uri: str, tmp_path: Path) -> None:
    with (
        postgresql().database() as url,
        running("services.review", tmp_path, DATABASE_URL=url, AMQP_URI=amqp_uri) as review,
    ):
        review.await_status("/livez", 200)
        assert review.status("/readyz") == 503
        migrated = said_by("services.review", "migrate", DATABASE_URL=url)
        assert (migrated.returncode, migrated.stdout.startswith("review: applied ")) == (0, True), migrated.stderr
        review.await_status("/readyz", 200)
        assert review.said().count("is not there yet") == 1
        assert "hub_service_up" in review.get("/metrics").text
        again = said_by("services.review", "migrate", DATABASE_URL=url)
        assert "nothing" in again.stdout
        review.terminate()
        assert review.ended() == 0


def test_whole_hub_of_processes_answers_and_ends(amqp_uri: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        processes = []
        for name in NAMES:
            url = stack.enter_context(postgresql().database())
            migrate(name, url)
            settings = {"DATABASE_URL": url, "AMQP_URI": amqp_uri, "HUB_UPSTREAM": "off"}
            processes.append(stack.enter_context(running(f"services.{name}", tmp_path, **settings)))
        key = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
        gateway = stack.enter_context(
            running("gateway.wsgi", tmp_path, AMQP_URI=amqp_uri, HUB_SEAL_PUBLIC_KEY=key, HUB_CATALOG_SOURCE="none")
        )
        for process in (*processes, gateway):
            process.await_status("/readyz", 200)
        models = gateway.get("/api/v1/models")
        assert (models.status_code, models.json()["items"]) == (200, [])
        assert gateway.get("/api/models/download?model_type=llm").json() == []
        account = {"login": "anna", "email": "anna@example.org", "password": "correct horse battery"}
        made = requests.post(gateway.get("/livez").url.replace("/livez", "/api/v1/accounts"), json=account, timeout=20)
        assert made.status_code == 201, made.text
        for process in (gateway, *processes):
            process.terminate()
        for process in (gateway, *processes):
            assert process.ended() == 0, process.said()
