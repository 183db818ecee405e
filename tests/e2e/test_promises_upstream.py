"""What the interface promises about drafts, READMEs and what upstream decides, seen through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.git_people import Person
from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import Json, approved, body_of, drafted, published

PATH = "xinference/model/llm/models/{}.json"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[tuple[TestHub, Person]]:
    folder: Path = tmp_path_factory.mktemp("upstream")
    names = ("gone", "retired", "noted", "fought")
    files = {PATH.format(name): f"[\n{llm(name, updated_at=5)}\n]\n" for name in names}
    with running_hub(folder, files=files, mode=mode) as hub:
        repository = Path(hub.settings.upstream.location)
        yield hub, Person(repository, folder / "clone")


@pytest.fixture
def hub(world: tuple[TestHub, Person]) -> TestHub:
    return world[0]


@pytest.fixture
def person(world: tuple[TestHub, Person]) -> Person:
    return world[1]


def pull_request(hub: TestHub, name: str) -> Json:
    hub.settled()
    found: Json = hub.api("olga").get(f"/models/{name}/pull-request").get_json()
    return found


def revise(hub: TestHub, name: str, **changes: object) -> Json:
    latest = hub.api("olga").get(f"/models/{name}").get_json()
    body = {"base_revision": latest["latest_revision"], "document": latest["document"], **changes}
    return hub.api("olga").made(f"/models/{name}/revisions", body)


def looked(hub: TestHub, name: str, notice: bool) -> None:
    hub.api("olga").made("/operations/look-upstream")
    until(
        lambda: any(text.startswith("removed-upstream") for text in _notices(hub, name)) == notice,
        what=f"{name} is noticed as removed: {notice}",
    )


def _notices(hub: TestHub, name: str) -> list[str]:
    return list(hub.api("olga").get(f"/models/{name}").get_json()["notices"])


def test_errors_of_a_draft_are_stored_and_shown(hub: TestHub) -> None:
    drafted(hub, "rough", document=llm("rough", model_specs=None))
    hub.settled()
    checks = hub.api("max").get("/models/rough/revisions/1").get_json()["checks"]
    assert any(check["level"] == "error" and "model_specs" in check["message"] for check in checks), checks


def test_readme_alone_leaves_an_open_pull_request_as_it_is(hub: TestHub) -> None:
    published(hub, "worded", visibility="public")
    before = pull_request(hub, "worded")
    assert before["state"] == "open"
    answer = revise(hub, "worded", readme="# More words")
    assert pull_request(hub, "worded") == before
    approved(hub, "worded", 2, answer["document_sha256"])
    until(lambda: hub.api(None).get("/models/worded/readme").text == "# More words", what="the README is published")
    assert pull_request(hub, "worded") == before


def test_readme_alone_of_what_upstream_holds_makes_no_pull_request(hub: TestHub) -> None:
    answer = revise(hub, "noted", readme="# Noted")
    assert pull_request(hub, "noted")["state"] == "noop"
    approved(hub, "noted", 2, answer["document_sha256"])
    until(lambda: hub.api(None).get("/models/noted/readme").text == "# Noted", what="the README is published")
    assert pull_request(hub, "noted")["state"] == "noop"


def test_model_that_upstream_removed_goes_there_again_once_a_person_revises_it(hub: TestHub, person: Person) -> None:
    person.commit({PATH.format("gone"): None}, "remove gone")
    looked(hub, "gone", True)
    assert pull_request(hub, "gone")["state"] == "none"
    revise(hub, "gone", document=llm("gone", context_length=8192))
    assert pull_request(hub, "gone")["state"] == "draft"
    assert _notices(hub, "gone") == []


def test_model_restored_after_its_removal_was_merged_is_asked_for_anew(hub: TestHub, person: Person) -> None:
    hub.api("olga").made("/models/retired/archive", {"reason": "old"})
    removal = pull_request(hub, "retired")
    assert removal["title"].endswith("removed")
    person.merge(removal["branch"])
    looked(hub, "retired", True)
    assert pull_request(hub, "retired")["state"] == "merged"
    hub.api("olga").made("/models/retired/restore", {"reason": "still used"})
    asked = pull_request(hub, "retired")
    assert (asked["state"], asked["number"] != removal["number"]) == ("open", True)


def test_pull_request_that_upstream_contradicts_stays_and_says_so(hub: TestHub, person: Person) -> None:
    revise(hub, "fought", document=llm("fought", context_length=8192))
    before = pull_request(hub, "fought")
    edited = llm("fought", context_length=32768, updated_at=9)
    person.commit({PATH.format("fought"): f"[\n{edited}\n]\n"}, "edit fought")
    hub.api("olga").made("/operations/look-upstream")
    until(lambda: hub.api(None).get("/models/fought").get_json()["revision"] == 3, what="the edit has been taken over")
    contradicted = pull_request(hub, "fought")
    assert (contradicted["state"], contradicted["number"]) == ("conflicted", before["number"])
    assert "merge" in contradicted["reason"]
    revise(hub, "fought", document=llm("fought", context_length=16384))
    merged = pull_request(hub, "fought")
    assert (merged["state"], merged["number"]) == ("draft", before["number"])


def test_review_of_an_own_submission_is_told_apart_in_the_audit(tmp_path: Path, mode: str) -> None:
    with running_hub(tmp_path, mode=mode, HUB_SELF_REVIEW="yes") as alone:
        olga = alone.api("olga")
        olga.patch("/users/olga", {"add_roles": ["reviewer"]})
        made = olga.made("/models", body_of("solo"))
        verdict = {"document_sha256": made["document_sha256"], "feedback": "mine"}
        olga.made("/models/solo/revisions/1/approve", verdict)
        alone.settled()
        (line,) = olga.get("/audit", what="Approved").get_json()["items"]
        assert (line["actor"], line["why"]) == ("olga", "own submission (HUB_SELF_REVIEW): mine")
