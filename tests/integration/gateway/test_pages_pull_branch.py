"""A person's commit on the branch of a pull request: what its page shows, and what each button makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.document import records_of
from tests.support.git_people import Person
from tests.support.hub import pages_hub, reader, small_catalogue
from tests.support.running import TestHub
from tests.support.smallest_records import record

SUBJECT = "Say @everyone <b>what</b> it does"
REASON = "It is better so."


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("branch")) as running:
        yield running


def submitted(hub: TestHub, name: str) -> str:
    """A public model of max that waits for its review; its branch."""
    document = json.dumps([record("llm", model_name=name)], indent=2)
    hub.api("max").made("/models", {"type": "llm", "document": document, "readme": "# x", "visibility": "public"})
    hub.settled()
    pull = hub.api("max").get(f"/models/{name}/pull-request").get_json()
    assert pull["state"] == "draft"
    return str(pull["branch"])


def committed(hub: TestHub, name: str, folder: Path, *, change: tuple[str, str], **more: str | None) -> str:
    """Alice commits to the model's branch, and the bot meets it; the commit."""
    branch = submitted(hub, name)
    person = Person(hub.repository, folder / name)
    path = f"xinference/model/llm/models/{name}.json"
    text = person.read(path, branch=branch)
    assert change[0] in text
    sha = person.commit({path: text.replace(*change), **more}, SUBJECT, branch=branch)
    assert hub.api("max").post(f"/models/{name}/pull-request/retry", {"reason": "look"}).status_code == 202
    hub.settled()
    return sha


def test_the_page_shows_who_committed_what_and_two_ways_on(hub: TestHub, tmp_path: Path) -> None:
    sha = committed(hub, "iota", tmp_path, change=('"model_name"', '"note": "mine",\n    "model_name"'))
    path = "/models/detail/iota/pull-request"
    page = reader(hub, "max").get(path)
    assert page.says("What the bot found on the branch")
    assert page.says("Alice")
    assert page.says(SUBJECT.replace("<b>", "<b>"))
    assert "<b>what</b>" not in page.html
    assert sha[:12] in page.html
    assert page.says('"note": "mine",')
    assert {f"{path}/take-over", f"{path}/rebuild"} <= set(page.actions)


def test_a_reviewer_may_rebuild_and_not_take_over(hub: TestHub, tmp_path: Path) -> None:
    committed(hub, "kappa", tmp_path, change=('"model_name"', '"note": "mine",\n    "model_name"'))
    path = "/models/detail/kappa/pull-request"
    page = reader(hub, "rita").get(path)
    assert f"{path}/rebuild" in page.actions
    assert f"{path}/take-over" not in page.actions
    assert hub.api("rita").post("/models/kappa/pull-request/take-over", {"reason": REASON}).status_code == 403
    assert not reader(hub, "mia").get(path).says("What the bot found")


def test_taking_over_makes_a_revision_that_names_its_author_and_rebuilds(hub: TestHub, tmp_path: Path) -> None:
    sha = committed(hub, "lambda", tmp_path, change=('"model_name"', '"note": "mine",\n    "model_name"'))
    path = "/models/detail/lambda/pull-request"
    visitor = reader(hub, "max")
    answer = visitor.send(path, f"{path}/take-over", reason=REASON)
    assert answer.status == 303
    assert visitor.follow(answer).says("Revision 2 holds what the branch held")
    hub.settled()
    latest = hub.api("max").get("/models/lambda/revisions/2").get_json()
    assert records_of(latest["document"])[0]["note"] == "mine"
    message = latest["row"]["message"]
    assert message.startswith("Taken over from Alice on pull request #")
    assert sha[:12] in message
    assert message.endswith(REASON)
    pull = hub.api("max").get("/models/lambda/pull-request").get_json()
    assert (pull["state"], pull["revision"]) == ("draft", 2)
    assert pull["head_sha"] != sha
    assert not visitor.get(path).says("What the bot found")


def test_taking_over_twice_makes_one_revision(hub: TestHub, tmp_path: Path) -> None:
    committed(hub, "mu-model", tmp_path, change=('"model_name"', '"note": "mine",\n    "model_name"'))
    api = hub.api("max")
    answers = [
        api.post("/models/mu-model/pull-request/take-over", {"reason": REASON}, key="same-key") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    hub.settled()
    assert api.get("/models/mu-model").get_json()["latest_revision"] == 2
    assert api.post("/models/mu-model/pull-request/take-over", {"reason": REASON}).status_code == 409


def test_what_the_rules_refuse_is_not_taken_over_and_told(hub: TestHub, tmp_path: Path) -> None:
    committed(hub, "nu-model", tmp_path, change=('"model_name"', '"context_length": "long",\n    "model_name"'))
    assert hub.api("max").post("/models/nu-model/pull-request/take-over", {"reason": REASON}).status_code == 422
    visitor = reader(hub, "max")
    path = "/models/detail/nu-model/pull-request"
    answer = visitor.send(path, f"{path}/take-over", reason=REASON)
    assert 'role="alert"' in visitor.follow(answer).html
    assert hub.api("max").get("/models/nu-model").get_json()["latest_revision"] == 1


def test_what_cannot_be_read_or_lies_beyond_the_record_is_said(hub: TestHub, tmp_path: Path) -> None:
    committed(hub, "xi-model", tmp_path, change=('"model_name"', 'oops "model_name"'), **{"setup.py": "x = 1\n"})
    path = "/models/detail/xi-model/pull-request"
    visitor = reader(hub, "max")
    page = visitor.get(path)
    assert page.says("It cannot be taken over.")
    assert page.says("They change more than this model's record.")
    assert page.says("setup.py")
    assert f"{path}/take-over" not in page.actions
    assert visitor.send(path, f"{path}/rebuild", reason="Ours is right").status == 303
    hub.settled()
    assert hub.api("max").get("/models/xi-model/pull-request").get_json()["state"] == "draft"


def test_a_rejected_revision_says_so_on_its_request(hub: TestHub) -> None:
    submitted(hub, "omicron")
    sha = hub.api("max").get("/models/omicron/revisions/1").get_json()["row"]["document_sha256"]
    verdict = {"document_sha256": sha, "feedback": "Name its <i>licence</i>."}
    assert hub.api("rita").post("/models/omicron/revisions/1/reject", verdict).status_code == 200
    hub.settled()
    page = reader(hub, "max").get("/models/detail/omicron/pull-request")
    assert page.says("Revision 1 was rejected.")
    assert page.says("Name its <i>licence</i>.")


def test_a_revision_of_the_readme_alone_says_why_it_has_no_request(hub: TestHub) -> None:
    name = next(Path(path).stem for path in small_catalogue() if "/llm/" in path)
    owners = {"add": ["max"], "remove": [], "reason": "his"}
    assert hub.api("olga").post(f"/models/{name}/owners", owners).status_code == 200
    hub.settled()
    detail = hub.api("max").get(f"/models/{name}").get_json()
    body = {"base_revision": 1, "document": detail["document"], "readme": "# Another\n\nWith words."}
    hub.api("max").made(f"/models/{name}/revisions", body)
    hub.settled()
    page = reader(hub, "max").get(f"/models/detail/{name}/pull-request")
    assert page.says("revision 2 changes the README alone, which upstream does not hold")
