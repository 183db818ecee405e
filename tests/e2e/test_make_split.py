"""`make split` from its first start to its last end: it finds its data again, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import requests

from scripts.split.accounts import LOGS, SERVICES
from shared import broker
from tests.support.hub_process import HubProcess, generated_source
from tests.support.polling import eventually
from tests.support.split_process import SplitProcess

GONE_WITHIN_S = 40.0
MODEL = "split-hub-model"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SplitProcess]:
    """After its first start; the tests of this file follow its life."""
    folder = tmp_path_factory.mktemp("split")
    source = generated_source(folder / "source")
    split = SplitProcess(folder, HUB_CATALOG_SOURCE=str(source))
    try:
        yield split.start()
    finally:
        split.end()


def addresses(hub: HubProcess) -> dict[str, str]:
    file = hub.data / "split.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def post(hub: HubProcess, path: str, token: str, **body: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{hub.url}/api/v1{path}", json=body, headers=headers, timeout=60)
    assert answer.status_code < 300, (path, answer.status_code, answer.text)
    found: dict[str, object] = answer.json()
    return found


def gone(hub: SplitProcess) -> None:
    eventually(lambda: not hub.left_running(), lambda: str(hub.left_running()), within_s=GONE_WITHIN_S)


def published_again(hub: HubProcess) -> str:
    """The model's state, all else being as before the hub ended."""
    assert hub.get("/models")["total"] == 13
    return str(hub.get(f"/models/{MODEL}")["state"])


def test_servers_answer_at_the_addresses_in_split_env(hub: SplitProcess) -> None:
    said = addresses(hub)
    for service in SERVICES:
        connection = psycopg2.connect(said[f"DATABASE_URL_{service.upper()}"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            assert cursor.fetchone() == (service, service)
        connection.close()
    operator = broker.connected(said["AMQP_URI"], purpose="test")
    channel = operator.channel()
    channel.queue_declare("looking", exclusive=True)
    for service in LOGS:
        channel.queue_bind("looking", exchange=f"{service}.events", routing_key="#")
    broker.discard(operator)
    broker.discard(broker.connected(said["AMQP_URI_READER"], purpose="test"))
    assert stat.S_IMODE((hub.data / "first-accounts.txt").stat().st_mode) == 0o600
    assert hub.get("/models")["total"] == 12


def test_console_finds_it_by_its_data_directory(hub: SplitProcess) -> None:
    typed = "a long password for alice"
    added = hub.console("user", "add", "alice", "--email", "alice@example.org", "--password-stdin", typed=typed)
    assert added.returncode == 0, added.stderr
    assert hub.get("/me", hub.token("alice", "read"))["login"] == "alice"
    rebuilt = hub.console("rebuild", "catalog")
    assert rebuilt.returncode == 0, rebuilt.stderr
    hub.require_clean()


def test_submission_becomes_a_pull_request_and_is_published(hub: SplitProcess) -> None:
    maintainer, reviewer = hub.token("maintainer"), hub.token("reviewer")
    some = hub.get("/models", per_page=1)["items"][0]["name"]
    example = hub.get(f"/models/{some}")
    document = example["document"].replace(example["name"], MODEL)
    sent = post(
        hub, "/models", maintainer, type=example["type"], document=document, readme="# A model", visibility="public",
        message="a model", submit=True,
    )  # fmt: skip
    hub.get(f"/models/{MODEL}", maintainer, min_position=sent["position"])
    eventually(lambda: hub.get(f"/models/{MODEL}/pull-request", maintainer)["state"] == "draft", within_s=60)
    approval = {"document_sha256": sent["document_sha256"], "feedback": ""}
    post(hub, f"/models/{MODEL}/revisions/1/approve", reviewer, **approval)
    eventually(lambda: hub.get(f"/models/{MODEL}/pull-request", maintainer)["state"] == "open", within_s=60)
    eventually(lambda: hub.get("/models")["total"] == 13)


def test_service_that_is_killed_is_started_again(hub: SplitProcess) -> None:
    before = hub.pid_of("registry-1")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: hub.pid_of("registry-1") not in (0, before), within_s=60)
    eventually(lambda: hub.is_ready("registry-1"), within_s=120)
    owner = hub.token("maintainer")
    assert post(hub, f"/models/{MODEL}/deprecate", owner, reason="it is old")["state"] == "deprecated"


def test_data_directory_has_one_hub_whichever_it_is(hub: SplitProcess, tmp_path: Path) -> None:
    refused = hub.console("run")
    assert refused.returncode != 0
    assert "another hub runs on it" in refused.stderr
    embedded = HubProcess(tmp_path)
    split = SplitProcess(tmp_path)
    try:
        embedded.start()
        assert split.launch().wait(60) == 1
        assert "another hub runs on it" in split.said()
    finally:
        embedded.end()


def test_all_is_gone_soon_after_sigterm_and_there_again_at_the_next_start(hub: SplitProcess) -> None:
    before = addresses(hub)
    assert hub.stop() == 0
    assert hub.left_running() == []
    hub.start()
    assert addresses(hub) == before
    assert published_again(hub) == "deprecated"
    assert hub.said().count("models imported from") == 1
    assert hub.said().count("First accounts") == 1


def test_nothing_outlives_a_launcher_that_is_killed_or_a_supervisor(hub: SplitProcess) -> None:
    hub.kill()
    gone(hub)
    hub.start()
    assert published_again(hub) == "deprecated"
    os.kill(int((hub.data / "split" / "supervisord.pid").read_text(encoding="ascii")), signal.SIGKILL)
    assert hub.running().wait(GONE_WITHIN_S) == 1
    assert hub.left_running() == []
