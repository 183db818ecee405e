"""What comes back from upstream on a pull request's page, and what the dashboard tells of the bot's work."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from services.pr_bot import domain
from services.pr_bot.projection.tables import ASLEEP
from services.pr_bot.reconcile.returns import of_upstream
from shared.errors import HubError
from shared.events import pr_bot as events
from tests.support.hub import Page, reader
from tests.support.running import TestHub, until
from tests.support.smallest_records import record

NAME = "kappa-chat"
PAGE = f"/models/detail/{NAME}/pull-request"
HOSTILE = "<script>alert(1)</script>\n\n**Please** explain.\n\n![x](https://evil.test/x.png) [y](javascript:alert(1))"


@pytest.fixture(scope="module")
def number(hub: TestHub) -> int:
    """The request of a published model, with all that can come back of it."""
    maintainer, reviewer = hub.api("max"), hub.api("rita")
    body = {"type": "llm", "document": json.dumps([record("llm", model_name=NAME)], indent=2), "readme": "# Kappa"}
    made = maintainer.made("/models", {**body, "visibility": "public", "message": "First"})
    verdict = {"document_sha256": made["document_sha256"], "feedback": ""}
    assert reviewer.post(f"/models/{NAME}/revisions/1/approve", verdict).status_code == 200
    hub.settled()
    last = records(hub).pull_request(NAME).last
    assert last is not None
    tell(hub, partial(domain.check, model=NAME, number=last.number, head_sha=last.head_sha, checks=checks()))
    said = [remark(last.number), remark(last.number, remark_id="review-2", kind="review", verdict="changes_requested")]
    tell(hub, partial(domain.remark, number=last.number, said=said))
    return int(last.number)


def records(hub: TestHub) -> Any:
    return hub.hub.services["pr_bot"].application.records


def tell(hub: TestHub, decide: Any) -> None:
    records(hub).record(of_upstream(NAME, "test"), decide)
    # Whoever asks for it waits until it is shown.
    shown = hub.api("olga").get(f"/models/{NAME}", min_position=f"pr_bot:{records(hub).head()}")
    assert "X-Hub-Stale" not in shown.headers


def checks() -> list[events.CheckResult]:
    return [
        events.CheckResult(name="docs & lint", state="failure", url="https://ci.test/1"),
        events.CheckResult(name="odd", state="success", url="javascript:alert(1)"),
    ]


def remark(number: int, **changes: Any) -> events.PullRequestRemarked:
    fields: dict[str, Any] = {
        "remark_id": "comment-1",
        "kind": "comment",
        "author": "qin<b>xu",
        "text": HOSTILE,
        "url": "https://forge.test/1",
        "at": 1_790_000_000,
    }
    return events.PullRequestRemarked(model_name=NAME, number=number, **fields | changes)


@pytest.fixture
def asleep(hub: TestHub, number: int) -> Iterator[float]:
    """The bot waits, with the model due."""
    until = time.time() + 720
    rows = records(hub).rows
    rows.turns.sleep("default", until=until, because="budget")
    with rows.database.write() as connection:
        rows.mark_due(connection, NAME, at=time.time(), cause="00000000-0000-0000-0000-000000000001")
    yield until
    with rows.database.write() as connection:
        connection.execute(delete(ASLEEP))
    hub.hub.services["pr_bot"].background[0].wake()  # type: ignore[attr-defined]
    hub.settled()


def shows(hub: TestHub, words: str) -> Page | None:
    """The page as everybody has it, once it says that: it is kept for a moment."""
    page = reader(hub).get(PAGE)
    return page if page.says(words) else None


def test_checks_are_shown_with_their_state_and_their_link(hub: TestHub, number: int) -> None:
    page = reader(hub).get(PAGE)
    assert page.says("docs & lint")
    assert 'href="https://ci.test/1"' in page.html
    assert '"javascript:' not in page.html
    assert page.says("Failed: docs & lint")


def test_remarks_are_a_conversation_in_which_nothing_runs(hub: TestHub, number: int) -> None:
    page = reader(hub).get(PAGE)
    assert "<strong>Please</strong> explain." in page.html
    assert page.says("qin<b>xu")
    assert page.says("Changes requested")
    assert "<script>alert" not in page.html
    assert "<img" not in page.html.partition('id="remarks"')[2]


def test_the_api_answers_checks_and_remarks(hub: TestHub, number: int) -> None:
    found = hub.api(None).get(f"/models/{NAME}/pull-request").get_json()
    assert (found["checks_state"], [check["name"] for check in found["checks"]]) == ("failure", ["docs & lint", "odd"])
    assert [(said["by"], said["verdict"]) for said in found["remarks"]] == [
        ("qin<b>xu", ""),
        ("qin<b>xu", "changes_requested"),
    ]


def test_the_timeline_says_that_somebody_commented_and_checks_reported(hub: TestHub, number: int) -> None:
    page = reader(hub, "max").get(f"/models/detail/{NAME}/timeline")
    assert page.says("Comment on the pull request")
    assert page.says("failure: docs & lint")


def test_an_edited_remark_says_so_and_stands_once(hub: TestHub, number: int) -> None:
    tell(hub, partial(domain.remark, number=number, said=[remark(number, text="Never mind.")]))
    page = until(lambda: shows(hub, "Never mind."), what="the edited remark")
    assert page.says("edited")
    assert len(hub.api(None).get(f"/models/{NAME}/pull-request").get_json()["remarks"]) == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_dashboard_says_why_the_bot_waits_and_until_when(hub: TestHub, asleep: float, language: str) -> None:
    visitor = reader(hub, "max")
    visitor.client.set_cookie("lang", language)
    page = visitor.get("/pulls")
    why = {"en": "limit of calls is used up", "zh": "上游允许的调用次数已用完"}[language]
    assert page.says(why)
    assert page.says("UTC)")
    own = visitor.get(PAGE)
    assert own.says({"en": "Number 1 of what waits", "zh": "排第 1 位"}[language])
    assert own.says(why)


def test_the_api_answers_ones_place_and_next_try(hub: TestHub, asleep: float) -> None:
    found = hub.api("max").get(f"/models/{NAME}/pull-request").get_json()
    assert (found["place"], found["waits_because"], found["next_try_at"]) == (1, "budget", round(asleep))
    assert hub.api(None).get(f"/models/{NAME}/pull-request").get_json()["place"] == 0


def test_operators_see_the_pause_and_whose_work_waits(hub: TestHub, asleep: float) -> None:
    upstream = hub.api("olga").get("/operations").get_json()["upstream"]
    assert (upstream["waits_because"], upstream["due"]) == ("budget", 1)
    assert upstream["people"][0]["submitter"] == "max"
    page = reader(hub, "olga").get("/operations")
    assert page.says("limit of calls is used up")
    assert page.says("people take turns")


def test_operators_pause_and_cap_by_a_form_and_everybody_reads_why(hub: TestHub, number: int) -> None:
    olga = reader(hub, "olga")
    refused = olga.send(
        "/operations", "/operations/pull-requests", paused="1", most_open="many", reason="Upstream asked"
    )
    assert (refused.status, refused.location) == (303, "/operations#upstream")
    assert 'role="alert"' in olga.get("/operations").html
    olga.send("/operations", "/operations/pull-requests", paused="1", most_open="7", reason="Upstream asked")
    page = reader(hub).get("/pulls")
    assert page.says("An operator paused all pull requests. “Upstream asked”")
    assert page.says("of 7 open")
    assert hub.api("olga").get("/operations").get_json()["upstream"]["paused"] is True
    olga.send("/operations", "/operations/pull-requests", batch="1", reason="Fewer")
    assert hub.api("olga").get("/operations").get_json()["upstream"]["batch"] is True
    assert reader(hub).get("/pulls").says("several models of one owner in one pull request")
    made = hub.api("olga").post("/operations/pull-requests", {"reason": "Go on"})
    assert made.status_code == 200, made.text
    assert not reader(hub).get("/pulls").says("paused all")
    until(lambda: olga.get("/operations/audit").says("Pull requests paused"), what="the operators' acts in the audit")
    assert hub.api("max").post("/operations/pull-requests", {"reason": "Stop"}).status_code == 403


def test_two_models_of_one_owner_share_a_request_and_each_page_leads_to_the_other(hub: TestHub) -> None:
    operator, names = hub.api("olga"), ["Lambda-1", "Lambda-2"]
    assert operator.post("/operations/pull-requests", {"reason": "Fewer", "batch": True}).status_code == 200
    for name in names:
        document = json.dumps([record("llm", model_name=name)], indent=2)
        body = {"type": "llm", "document": document, "readme": f"# {name}", "visibility": "public", "message": "First"}
        made = hub.api("max").made("/models", body)
        hub.settled()
        assert hub.api("max").get(f"/models/{name}/pull-request").get_json()["state"] == "queued"
        assert reader(hub, "max").get(f"/models/detail/{name}/pull-request").says("waits for a reviewer")
        verdict = {"document_sha256": made["document_sha256"], "feedback": ""}
        assert hub.api("rita").post(f"/models/{name}/revisions/1/approve", verdict).status_code == 200
    hub.settled()
    first, second = (hub.api(None).get(f"/models/{name}/pull-request").get_json() for name in names)
    assert (first["state"], first["number"], first["together_with"]) == ("open", second["number"], ["Lambda-2"])
    assert first["branch"] == "chore/models-sync/batch-max"
    page = reader(hub).get("/models/detail/Lambda-2/pull-request")
    assert 'href="/models/detail/Lambda-1/pull-request"' in page.html
    assert operator.post("/operations/pull-requests", {"reason": "As before"}).status_code == 200


def test_the_first_release_is_shown(hub: TestHub, number: int) -> None:
    merged = partial(domain.merge, model=NAME, number=number, merge_sha="m" * 40)
    tell(hub, merged)
    tell(hub, partial(domain.release, model=NAME, number=number, release="v9.1.0"))
    assert until(lambda: shows(hub, "In upstream's release v9.1.0."), what="the release")
    assert hub.api(None).get(f"/models/{NAME}/pull-request").get_json()["first_release"] == "v9.1.0"


def test_nobody_but_operators_is_told_of_the_machines_folders(hub: TestHub, number: int) -> None:
    """The repository is away for a while: each look of the hub, whoever makes it, fails for the same reason."""
    bot: Any = hub.hub.services["pr_bot"].application
    folder = str(hub.repository)
    away = hub.repository.rename(hub.repository.with_name("away.git"))
    try:
        with pytest.raises(HubError):
            bot.look_at_upstream()
        for person in ("", "max", "rita"):
            page = reader(hub, person).get("/pulls")
            assert folder not in page.html
            assert page.says("Upstream could not be looked at")
        assert reader(hub, "olga").get("/operations").says(folder)
        assert hub.api("olga").get("/operations").get_json()["upstream"]["target"] == f"file:{folder}"
    finally:
        away.rename(folder)
        bot.look_at_upstream()
