"""Upstream's main moves while a change waits: merged, told as a conflict or left to people; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.git_people import Person
from tests.support.models import llm
from tests.support.racing import approval, at_once, detail, pull_request, story
from tests.support.refusals import refused
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import approved, body_of, registered

FOLDER = "xinference/model/llm/models"
UPSTREAM = [f"up-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    files = {f"{FOLDER}/{name}.json": f"[\n{llm(name, updated_at=1_700_000_000)}\n]\n" for name in UPSTREAM}
    with running_hub(tmp_path_factory.mktemp("races"), files=files, mode=mode) as running:
        for person in ("max", "mia", "rita", "olga"):
            running.token(person)
        running.settled()
        yield running


@pytest.fixture(autouse=True)
def all_is_sound(hub: TestHub) -> Iterator[None]:
    yield
    hub.sound()


@pytest.fixture
def alice(hub: TestHub, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(hub.repository, tmp_path_factory.mktemp("alice") / uuid4().hex)


def owned(hub: TestHub, name: str) -> str:
    """An imported model that an operator gave to max."""
    hub.api("olga").made(f"/models/{name}/owners", {"add": ["max"], "reason": "its maintainer"})
    return name


def edit_upstream(alice: Person, name: str, **changes: Any) -> None:
    path = f"{FOLDER}/{name}.json"
    (record,) = json.loads(alice.read(path))
    alice.commit({path: f"[\n{json.dumps(record | changes, indent=2)}\n]\n"}, f"ENH: edit {name}")


def submitted(hub: TestHub, name: str, **changes: Any) -> dict[str, Any]:
    document = json.dumps(json.loads(llm(name, updated_at=1_700_000_000)) | changes, indent=2)
    base = detail(hub, name)["latest_revision"]
    body = body_of(name, visibility="public", readme="", base_revision=base, document=document)
    return hub.api("max").made(f"/models/{name}/revisions", body)


def record_of(text: str) -> dict[str, Any]:
    found = json.loads(text)
    record: dict[str, Any] = found[0] if isinstance(found, list) else found
    return record


def test_an_upstream_edit_beside_a_pending_change_is_merged_for_its_submitter(hub: TestHub, alice: Person) -> None:
    name = owned(hub, UPSTREAM[0])
    mine = submitted(hub, name, model_lang=["en", "zh"])
    hub.settled()
    edit_upstream(alice, name, context_length=32768, updated_at=1_700_000_100)
    hub.look_upstream()
    assert story(hub, name)[-2:] == ["ModelImported", "ModelUpdated"]
    refused(approval(hub, name, 2, mine["document_sha256"])(), 409)
    pending = detail(hub, name)["pending"]
    assert (pending["revision"], pending["submitter"]) == (4, "max")
    merged = record_of(hub.api("olga").get(f"/models/{name}/revisions/4").get_json()["document"])
    assert (merged["context_length"], merged["model_lang"]) == (32768, ["en", "zh"])
    request = pull_request(hub, name)
    assert (request["state"], request["revision"]) == ("draft", 4)
    assert '"zh"' in request["diff"]
    assert "context_length" not in "".join(line for line in request["diff"].splitlines() if line[:1] in "+-")
    approved(hub, name, 4, pending["document_sha256"])
    hub.settled()
    assert (detail(hub, name)["revision"], pull_request(hub, name)["state"]) == (4, "open")


def test_an_upstream_edit_of_the_same_field_goes_to_the_owner(hub: TestHub, alice: Person) -> None:
    name = owned(hub, UPSTREAM[1])
    mine = submitted(hub, name, context_length=8192)
    hub.settled()
    edit_upstream(alice, name, context_length=32768, updated_at=1_700_000_100)
    hub.look_upstream()
    assert story(hub, name)[-2:] == ["ModelImported", "MergeConflicted"]
    found = detail(hub, name)
    assert (found["pending"], record_of(found["document"])["context_length"]) == (None, 32768)
    assert any(
        notice.startswith("merge-conflict") for notice in hub.api("max").get(f"/models/{name}").get_json()["notices"]
    )
    assert pull_request(hub, name)["state"] in ("conflicted", "closed", "noop")
    refused(approval(hub, name, 2, mine["document_sha256"])(), 409)
    again = submitted(hub, name, context_length=16384)
    hub.settled()
    assert (pull_request(hub, name)["state"], pull_request(hub, name)["revision"]) == ("draft", again["revision"])


def test_an_upstream_edit_against_the_approval_loses_neither(hub: TestHub, alice: Person) -> None:
    for name in UPSTREAM[2:6]:
        owned(hub, name)
        mine = submitted(hub, name, model_lang=["en", "zh"])
        hub.settled()
        edit_upstream(alice, name, context_length=32768, updated_at=1_700_000_100)
        look = partial(hub.api("olga").post, "/operations/look-upstream")
        answers = at_once(approval(hub, name, 2, mine["document_sha256"]), look)
        assert answers[1].status_code == 202
        hub.look_upstream()
        pending = detail(hub, name)["pending"]
        assert pending is not None, story(hub, name)
        assert pending["submitter"] == "max"
        approved(hub, name, pending["revision"], pending["document_sha256"])
        hub.settled()
        record = record_of(detail(hub, name)["document"])
        assert (record["context_length"], record["model_lang"]) == (32768, ["en", "zh"])
        assert pull_request(hub, name)["state"] == "open"


def test_our_change_merged_upstream_before_its_verdict_is_an_echo(hub: TestHub, alice: Person) -> None:
    name = owned(hub, UPSTREAM[6])
    mine = submitted(hub, name, context_length=8192)
    hub.settled()
    alice.squash(pull_request(hub, name)["branch"])
    hub.look_upstream()
    assert "ModelImported" not in story(hub, name)[1:]
    assert pull_request(hub, name)["state"] == "merged"
    approved(hub, name, 2, mine["document_sha256"])
    hub.settled()
    assert (detail(hub, name)["revision"], pull_request(hub, name)["state"]) == (2, "merged")


def test_a_model_removed_upstream_while_a_change_waits_is_left_to_people(hub: TestHub, alice: Person) -> None:
    name = owned(hub, UPSTREAM[7])
    submitted(hub, name, context_length=8192)
    hub.settled()
    alice.commit({f"{FOLDER}/{name}.json": None}, f"REF: remove {name}")
    hub.look_upstream()
    assert "RemovedUpstream" in story(hub, name)
    assert pull_request(hub, name)["state"] in ("closed", "noop", "none")


def test_a_name_that_upstream_takes_while_it_is_unpublished_is_left_to_people(tmp_path: Path, mode: str) -> None:
    # In a hub of its own: the request waits for a person, so this hub never comes to rest.
    with running_hub(tmp_path / "hub", files={f"{FOLDER}/other.json": f"[\n{llm('other')}\n]\n"}, mode=mode) as hub:
        registered(hub, "mine", visibility="public")
        hub.settled()
        alice = Person(hub.repository, tmp_path / "alice")
        alice.commit({f"{FOLDER}/mine.json": f"[\n{llm('mine', context_length=1)}\n]\n"}, "FEAT: mine")
        until(lambda: "ImportBlocked" in story(hub, "mine"), what="the import is blocked")
        failed = until(lambda: failing(hub, "mine"), what="the pull request says what it waits for")
        assert "has not taken over" in failed["reason"]
        assert record_of(detail(hub, "mine")["document"])["context_length"] == 4096


def failing(hub: TestHub, name: str) -> dict[str, Any] | None:
    found = pull_request(hub, name)
    return found if found["state"] == "failed" else None
