"""Starts and ends of a real server: killed at any moment, stopped politely, orphaned."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
import requests

from tests.support.hub_process import HubProcess, generated_source
from tests.support.running import until

MODELS = 12
ACCOUNTS = {"maintainer", "reviewer", "operator"}


def require_first_start_done_once(hub: HubProcess) -> None:
    accounts = dict(line.split(" ", 1) for line in (hub.data / "first-accounts.txt").read_text().splitlines())
    assert accounts.keys() == ACCOUNTS
    for login, password in accounts.items():
        answer = requests.post(f"{hub.url}/api/v1/session", json={"login": login, "password": password}, timeout=30)
        assert answer.status_code == 200, (login, answer.text)
    operator = hub.token("operator")
    assert hub.get("/users", operator)["total"] == len(ACCOUNTS)
    until(lambda: hub.get("/models")["total"] == MODELS, what="every model of the source is listed")
    for model in hub.get("/models", per_page=200)["items"]:
        assert hub.get(f"/models/{model['name']}/revisions", operator)["total"] == 1
    hub.require_clean()


def test_a_first_start_killed_at_any_moment_is_completed_by_the_next(tmp_path: Path) -> None:
    chance = random.Random(7)
    source = str(generated_source(tmp_path / "source", MODELS))
    hub = HubProcess(tmp_path, HUB_CATALOG_SOURCE=source)
    try:
        # From before anything is made to after everything is: a first start here takes about two seconds.
        for delay in sorted(chance.uniform(0.2, 3.0) for _ in range(5)):
            hub.launch()
            time.sleep(delay)
            hub.kill()
        hub.start()
        require_first_start_done_once(hub)
    finally:
        hub.end()


@pytest.mark.parametrize("mark", [".upstream.git.new/HEAD", "upstream.git", "registry.db", "first-accounts.txt"])
def test_a_first_start_killed_as_soon_as_a_trace_is_there_is_completed(tmp_path: Path, mark: str) -> None:
    hub = HubProcess(tmp_path, HUB_CATALOG_SOURCE=str(generated_source(tmp_path / "source", MODELS)))
    try:
        hub.launch()
        until(lambda: (hub.data / mark).exists(), what=mark, deadline_s=60)
        hub.kill()
        hub.start()
        require_first_start_done_once(hub)
    finally:
        hub.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_ends_it_with_nothing_left(hub: HubProcess, number: int) -> None:
    hub.start()
    (worker,) = hub.workers()
    with requests.Session() as kept_alive:
        assert kept_alive.get(f"{hub.url}/livez", timeout=10).status_code == 200
        assert hub.stop(number) == 0
    assert not Path(f"/proc/{worker}").exists()
    assert "Traceback" not in hub.said()


def test_a_stopped_first_start_leaves_no_process_behind(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path, HUB_CATALOG_SOURCE=str(generated_source(tmp_path / "source", MODELS)))
    try:
        hub.launch()
        until(lambda: bool(hub.data.exists() and hub.workers()), what="the first start's process", deadline_s=60)
        (child,) = hub.workers()
        assert hub.stop() == 128 + signal.SIGTERM
        until(lambda: not Path(f"/proc/{child}").exists(), what="the first start's process is gone")
        hub.start()
        require_first_start_done_once(hub)
    finally:
        hub.end()


def test_a_hub_whose_parent_was_killed_can_be_started_again_at_once(hub: HubProcess) -> None:
    hub.start()
    (worker,) = hub.workers()
    os.kill(hub.running().pid, signal.SIGKILL)
    hub.running().wait()
    hub.launch()
    # Until it is gone the orphan may still answer.
    until(lambda: not Path(f"/proc/{worker}").exists(), what="the orphaned worker is gone")
    until(hub.serves, what="the new hub serves", deadline_s=60)
    assert hub.running().poll() is None


def test_a_killed_worker_is_replaced_and_serves(hub: HubProcess) -> None:
    hub.start()
    (worker,) = hub.workers()
    os.kill(worker, signal.SIGKILL)
    until(lambda: hub.workers() not in ([], [worker]) and hub.serves(), what="another worker serves", deadline_s=60)


def test_a_second_hub_on_the_same_data_directory_is_refused(hub: HubProcess, tmp_path: Path) -> None:
    hub.start()
    other = HubProcess(tmp_path / "other", HUB_DATA_DIR=str(hub.data))
    refused = other.console("run")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "another hub runs on it" in refused.stderr
