"""Races: two things at once have one outcome, every log stays whole, the pull request follows, nothing is parked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest

from shared.events import registry as facts
from tests.support.models import llm
from tests.support.racing import (
    approval,
    at_once,
    detail,
    events_of,
    post,
    pull_request,
    revision_of,
    story,
    verdicts_of,
)
from tests.support.refusals import refused
from tests.support.running import TestHub, running_hub
from tests.support.stages import approved, body_of, drafted, published, registered

ROUNDS = 6
MANY = 6
NUMBERS = count(1)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("races"), mode=mode) as running:
        for person in ("max", "mia", "rita", "olga"):
            running.token(person)
        yield running


@pytest.fixture(autouse=True)
def all_is_sound(hub: TestHub) -> Iterator[None]:
    yield
    hub.sound()


def names(rounds: int = ROUNDS) -> list[str]:
    return [f"race-{next(NUMBERS)}" for _ in range(rounds)]


def test_approve_against_withdraw(hub: TestHub) -> None:
    for name in names():
        made = registered(hub, name, visibility="public")
        approve = approval(hub, name, 1, made["document_sha256"])
        withdraw = post(hub.api("max"), f"/models/{name}/revisions/1/withdraw", {"reason": "wait"})
        answers = at_once(approve, withdraw)
        hub.settled()
        outcome = {what for what in story(hub, name) if what in ("ModelPublished", "RevisionWithdrawn")}
        assert len(outcome) == 1, story(hub, name)
        is_published = outcome == {"ModelPublished"}
        assert answers[1].status_code == (409 if is_published else 200)
        assert answers[0].status_code == 200 or not is_published
        assert (detail(hub, name)["state"] == "published") == is_published
        assert pull_request(hub, name)["state"] == ("open" if is_published else pull_request(hub, name)["state"])
        assert is_published or pull_request(hub, name)["state"] in ("closed", "none", "noop")
        if answers[0].status_code == 200 and not is_published:
            assert "PublicationSkipped" in story(hub, name)
        elif not is_published:
            refused(answers[0], 409)


def test_approve_against_a_newer_submission(hub: TestHub) -> None:
    for name in names():
        first = registered(hub, name, visibility="public")
        approve = approval(hub, name, 1, first["document_sha256"])
        revise = post(hub.api("max"), f"/models/{name}/revisions", revision_of(name, 1, context_length=8192))
        answers = at_once(approve, revise)
        assert answers[1].status_code == 200, answers[1].text
        second = answers[1].get_json()
        hub.settled()
        publications = [event.revision for event in events_of(hub, name, facts.ModelPublished)]
        assert publications in ([], [1])
        assert (answers[0].status_code == 200) == (verdicts_of(hub, name)[1] == "Approved")
        assert verdicts_of(hub, name)[1] in ("Approved", "ReviewSuperseded")
        assert detail(hub, name)["pending"]["revision"] == 2
        assert (pull_request(hub, name)["state"], pull_request(hub, name)["revision"]) == ("draft", 2)
        approved(hub, name, 2, second["document_sha256"])
        hub.settled()
        assert (detail(hub, name)["revision"], pull_request(hub, name)["state"]) == (2, "open")
        assert '"context_length": 8192' in detail(hub, name)["document"]


def test_approve_against_archive(hub: TestHub) -> None:
    for name in names():
        made = registered(hub, name, visibility="public")
        archive = post(hub.api("max"), f"/models/{name}/archive", {"reason": "a mistake"})
        answers = at_once(approval(hub, name, 1, made["document_sha256"]), archive)
        assert answers[1].status_code == 200, answers[1].text
        hub.settled()
        told = story(hub, name)
        assert told.count("ModelArchived") == 1
        assert "ModelPublished" not in told[told.index("ModelArchived") :]
        assert ("ModelPublished" in told) != ("RevisionWithdrawn" in told)
        assert detail(hub, name)["state"] == "archived"
        assert hub.api(None).get("/models", q=name).get_json()["total"] == 0
        assert pull_request(hub, name)["state"] in ("closed", "none", "noop")


def test_approve_against_reject_and_another_approval(hub: TestHub) -> None:
    for name in names():
        made = registered(hub, name, visibility="public")
        body = {"document_sha256": made["document_sha256"], "feedback": "No."}
        approve = approval(hub, name, 1, made["document_sha256"])
        reject = post(hub.api("olga"), f"/models/{name}/revisions/1/reject", body)
        also = post(hub.api("olga"), f"/models/{name}/revisions/1/approve", body)
        answers = at_once(approve, reject, also)
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        hub.settled()
        rejected = answers[1].status_code == 200
        assert verdicts_of(hub, name)[1] == ("Rejected" if rejected else "Approved")
        assert story(hub, name).count("ModelPublished") == (0 if rejected else 1)
        assert pull_request(hub, name)["state"] == ("draft" if rejected else "open")


def test_many_people_claim_one_name_in_any_case(hub: TestHub) -> None:
    for name in names():
        spellings = [name, name.upper(), name.capitalize()] * 2
        people = ["max", "mia"] * 3
        claims = [
            post(hub.api(p), "/models", body_of(s, visibility="public")) for p, s in zip(people, spellings, strict=True)
        ]
        answers = at_once(*claims)
        assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
        for answer in answers:
            if answer.status_code != 201:
                assert "taken" in refused(answer, 409)["detail"]
        (won,) = [answer.get_json()["name"] for answer in answers if answer.status_code == 201]
        hub.settled()
        assert story(hub, name) == ["ModelSubmitted"]
        assert (detail(hub, name)["name"], pull_request(hub, name)["state"]) == (won, "draft")


def test_a_private_draft_holds_its_name_against_a_public_claim(hub: TestHub) -> None:
    for name in names():
        draft = post(hub.api("max"), "/models", body_of(name, submit=False))
        claim = post(hub.api("mia"), "/models", body_of(name.upper(), visibility="public"))
        answers = at_once(draft, claim)
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        hub.settled()
        assert len(story(hub, name)) == 1


def test_many_submissions_on_one_base(hub: TestHub) -> None:
    for name in names(3):
        registered(hub, name, visibility="public")
        path = f"/models/{name}/revisions"
        revisions = [revision_of(name, 1, context_length=1000 + number) for number in range(MANY)]
        answers = at_once(*(post(hub.api("max"), path, body) for body in revisions))
        assert sorted(answer.status_code for answer in answers) == [200, *[409] * (MANY - 1)]
        for answer in answers:
            if answer.status_code == 409:
                problem = refused(answer)
                assert (problem["type"].rsplit("/", 1)[1], problem["details"]["latest_revision"]) == ("stale-base", 2)
        (won,) = [answer.get_json() for answer in answers if answer.status_code == 200]
        hub.settled()
        assert story(hub, name) == ["ModelSubmitted", "ModelUpdated"]
        assert verdicts_of(hub, name) == {1: "ReviewSuperseded", 2: "ReviewRequested"}
        assert detail(hub, name)["pending"]["document_sha256"] == won["document_sha256"]
        assert pull_request(hub, name)["revision"] == 2


def test_a_draft_saved_twice_from_one_state_is_saved_once(hub: TestHub) -> None:
    for name in names(3):
        base = drafted(hub, name)["document_sha256"]
        bodies = [body_of(name, document=llm(name, context_length=n), base_sha256=base) for n in (1000, 2000, 3000)]
        path = f"/models/{name}/revisions/1"
        answers = at_once(*(partial(hub.api("max").put, path, body) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


def test_widening_while_a_review_is_open_needs_a_verdict_of_its_own(hub: TestHub) -> None:
    for name in names():
        published(hub, name)
        change = body_of(name, base_revision=1, document=llm(name, context_length=8192))
        pending = hub.api("max").made(f"/models/{name}/revisions", change)
        approve = approval(hub, name, 2, pending["document_sha256"])
        widen = post(hub.api("max"), f"/models/{name}/visibility", {"visibility": "public", "reason": "share"})
        answers = at_once(approve, widen)
        assert answers[1].status_code == 202, answers[1].text
        hub.settled()
        assert hub.api(None).get(f"/models/{name}").status_code == 404
        assert all(event.visibility == "private" for event in events_of(hub, name, facts.ModelPublished))
        newest = detail(hub, name)["pending"]
        assert (newest["revision"], newest["visibility"]) == (answers[1].get_json()["revision"], "public")
        assert pull_request(hub, name)["state"] == "draft"
        approved(hub, name, newest["revision"], newest["document_sha256"])
        hub.settled()
        assert hub.api(None).get(f"/models/{name}").get_json()["visibility"] == "public"
        assert '"context_length": 8192' in detail(hub, name)["document"]
        assert pull_request(hub, name)["state"] == "open"


def test_narrowing_against_approval_never_widens_again(hub: TestHub) -> None:
    for name in names():
        published(hub, name, visibility="public")
        pending = hub.api("max").made(f"/models/{name}/revisions", revision_of(name, 1, context_length=8192))
        approve = approval(hub, name, 2, pending["document_sha256"])
        narrow = post(hub.api("max"), f"/models/{name}/visibility", {"visibility": "private", "reason": "a leak"})
        answers = at_once(approve, narrow)
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        hub.settled()
        assert (detail(hub, name)["visibility"], detail(hub, name)["revision"]) == ("private", 2)
        assert hub.api(None).get(f"/models/{name}").status_code == 404
        assert pull_request(hub, name)["state"] in ("closed", "noop", "none")


def test_narrowing_between_submission_and_approval_holds(hub: TestHub) -> None:
    (name,) = names(1)
    made = registered(hub, name, visibility="public")
    hub.api("max").made(f"/models/{name}/visibility", {"visibility": "private", "reason": "not yet"})
    approved(hub, name, 1, made["document_sha256"])
    hub.settled()
    assert (detail(hub, name)["state"], detail(hub, name)["visibility"]) == ("published", "private")
    assert hub.api(None).get(f"/models/{name}").status_code == 404
    assert pull_request(hub, name)["state"] in ("closed", "noop", "none")


def test_who_becomes_an_owner_before_the_verdict_does_not_give_it(hub: TestHub) -> None:
    (name,) = names(1)
    made = registered(hub, name, visibility="public")
    hub.api("max").made(f"/models/{name}/owners", {"add": ["rita"], "reason": "helps"})
    hub.settled()
    refused(approval(hub, name, 1, made["document_sha256"])(), 403)
    hub.api("max").made(f"/models/{name}/owners", {"remove": ["rita"], "reason": "reviews"})
    hub.settled()
    assert approval(hub, name, 1, made["document_sha256"])().status_code == 200


def test_owners_change_against_a_submission_of_who_leaves(hub: TestHub) -> None:
    for name in names(3):
        registered(hub, name, visibility="public")
        hub.api("max").made(f"/models/{name}/owners", {"add": ["mia"], "reason": "helps"})
        leave = post(hub.api("mia"), f"/models/{name}/owners", {"remove": ["max"], "reason": "left"})
        revise = post(hub.api("max"), f"/models/{name}/revisions", revision_of(name, 1, context_length=8192))
        answers = at_once(leave, revise)
        assert answers[0].status_code == 200
        assert answers[1].status_code in (200, 403, 404)
        hub.settled()
        told = story(hub, name)
        if answers[1].status_code == 200:
            assert told.index("ModelUpdated") < len(told) - 1 - told[::-1].index("OwnersChanged")
        assert detail(hub, name)["maintainers"] == ["mia"]


def test_archive_against_a_submission_leaves_nothing_pending(hub: TestHub) -> None:
    for name in names(3):
        published(hub, name, visibility="public")
        archive = post(hub.api("max"), f"/models/{name}/archive", {"reason": "old"})
        revise = post(hub.api("max"), f"/models/{name}/revisions", revision_of(name, 1, context_length=8192))
        answers = at_once(archive, revise)
        assert answers[0].status_code == 200
        assert answers[1].status_code in (200, 409)
        hub.settled()
        assert (detail(hub, name)["state"], detail(hub, name)["pending"]) == ("archived", None)
        assert "ReviewRequested" not in verdicts_of(hub, name).values()
