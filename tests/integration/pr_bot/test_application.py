"""The contract PrBot behind the wire codec, wired by bootstrap, with events arriving through the logs."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from services.pr_bot.bootstrap import build, seed
from shared.calls import in_process
from shared.config import from_environment
from shared.contracts.common import Caller, Empty, ReadLog
from shared.contracts.pr_bot import ControlPullRequests, Heard, PlacesQuery, PrBot, PullRequestAction
from shared.contracts.registry import Registry
from shared.database import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.event_store.interface import Metadata, NewEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import registry, review
from shared.service import BuiltService, Calls, LogService
from tests.support.registry_fake import FakeIdentity, FakeRegistry, model, sha256

OWNER = Caller(user_id="u1", roles=["user", "maintainer"], command_id=str(uuid4()))
REVIEWER = Caller(user_id="u2", roles=["user", "reviewer"], command_id=str(uuid4()))
STRANGER = Caller(user_id="u3", roles=["user", "maintainer"], command_id=str(uuid4()))
SYSTEM = Caller(user_id="system:test", roles=["operator"])
NEW = model("GLM-5", size=1, updated_at=200)


class RegistryWithLog(FakeRegistry):
    """The fake with a real log, so that subscriptions have something to read."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.store, self._log = _log(folder, "registry", registry)

    def read_log(self, request: ReadLog, caller: Caller) -> Any:
        return self._log.read_log(request, caller)

    def submits(self, name: str, document: str, *, visibility: str = "public") -> None:
        wanted = self.submitted(name, "llm", document)
        self.append(
            name,
            registry.ModelSubmitted(
                model_name=name,
                model_type="llm",
                revision=wanted.revision,
                base_revision=0,
                document=document,
                document_sha256=sha256(document),
                readme="",
                visibility=visibility,
                message="",
                submitter="u1",
            ),
        )

    def append(self, name: str, event: Any) -> None:
        stream = f"model-{name.lower()}"
        version = len(self.store.read_stream(stream))
        cause = str(uuid4())
        metadata = Metadata(correlation_id=cause, causation_id=cause, actor="u1")
        new = NewEvent(event_id=str(uuid4()), event=event, metadata=metadata)
        self.store.append(stream, expected_version=version, events=[new])


def _log(folder: Path, name: str, module: Any) -> tuple[SqlEventStore, LogService]:
    types = EventTypes(module.EVENTS, module.UPCASTERS)
    store = SqlEventStore(Database(f"sqlite:///{folder / name}.db", durable=False), types)
    return store, LogService(name=name, store=store, types=types)


class Hub:
    """pr_bot as the composition root runs it, `up` in the calling thread."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.registry = RegistryWithLog(folder)
        self.identity = FakeIdentity()
        self.settings = from_environment({"HUB_DATA_DIR": str(folder), **environment})
        seed(self.settings.own_upstream, {})
        calls = Calls(
            registry=cast(Registry, self.registry),
            review=cast(Any, _log(folder, "review", review)[1]),
            identity=cast(Any, self.identity),
            catalog=cast(Any, None),
            pr_bot=cast(Any, None),
        )
        self.built: BuiltService = build(self.settings, calls)
        self.pr_bot = in_process("pr_bot", PrBot, self.built.application)  # type: ignore[type-abstract]

    def settle(self) -> None:
        for subscription in self.built.subscriptions:
            subscription.catch_up()
        self.built.background[0].run_due()  # type: ignore[attr-defined]

    def state(self, name: str) -> str:
        return str(self.built.application.records.pull_request(name).state)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.built.database.close()


def action(name: str = "GLM-5") -> PullRequestAction:
    return PullRequestAction(name=name, reason="please")


def test_a_submission_is_queued_and_then_opened(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    for subscription in hub.built.subscriptions:
        subscription.catch_up()
    assert hub.state("glm-5") == "queued"
    hub.settle()
    assert hub.state("glm-5") == "draft"
    assert hub.pr_bot.upstream(Empty(), SYSTEM).open == 1
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0


def test_publication_arrives_through_the_log(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    hub.registry.change("glm-5", is_published=True)
    published = registry.ModelPublished(
        model_name="GLM-5",
        model_type="llm",
        revision=1,
        document_sha256=sha256(NEW),
        visibility="public",
        reviewer="u2",
    )
    hub.registry.append("GLM-5", published)
    hub.settle()
    assert hub.state("glm-5") == "open"


def test_threads_do_the_same_work(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    for part in (*hub.built.subscriptions, *hub.built.background):
        part.start()
    try:
        assert hub.built.subscriptions[0].wait_for(hub.registry.store.head()[0], 10)
        _until(lambda: hub.state("glm-5") == "draft")
    finally:
        for part in (*hub.built.background, *hub.built.subscriptions):
            part.stop()


def test_owner_and_reviewer_may_retry_and_others_may_not(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    hub.registry.owners["glm-5"] = "u1"
    hub.settle()
    assert hub.pr_bot.retry(action(), OWNER).state == "draft"
    assert hub.pr_bot.rebuild(action(), REVIEWER).name == "GLM-5"
    with pytest.raises(Forbidden):
        hub.pr_bot.retry(action(), STRANGER)
    with pytest.raises(NotFound):
        hub.pr_bot.retry(action("nothing"), STRANGER)
    with pytest.raises(NotFound):
        hub.pr_bot.retry(action(), Caller())


def test_a_model_that_is_not_there_is_not_found_by_anyone(hub: Hub) -> None:
    with pytest.raises(NotFound):
        hub.pr_bot.retry(action("nothing"), REVIEWER)
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0


def test_a_key_used_for_another_request_is_refused(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    keyed = dataclasses.replace(REVIEWER, command_id=str(uuid4()), idempotent=True)
    assert hub.pr_bot.retry(action(), keyed) == hub.pr_bot.retry(action(), keyed)
    with pytest.raises(Invalid):
        hub.pr_bot.retry(PullRequestAction(name="GLM-5", reason="another"), keyed)


def test_reopening_what_is_open_is_refused(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    with pytest.raises(Conflict):
        hub.pr_bot.reopen(action(), REVIEWER)


def test_with_upstream_off_every_model_has_none_and_says_why(tmp_path: Path) -> None:
    hub = Hub(tmp_path, HUB_UPSTREAM="off")
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    state = hub.built.application.records.pull_request("glm-5")
    assert state.state == "none"
    assert "HUB_UPSTREAM" in state.reason
    assert not hub.pr_bot.upstream(Empty(), SYSTEM).enabled


def test_looking_now_takes_an_operator(hub: Hub) -> None:
    with pytest.raises(Forbidden):
        hub.pr_bot.look(Empty(), REVIEWER)
    hub.pr_bot.look(Empty(), SYSTEM)
    state = hub.pr_bot.upstream(Empty(), SYSTEM)
    assert (state.layout, bool(state.head), state.error) == ("per_model", True, "")


def test_events_are_read_from_its_log(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    read = hub.pr_bot.read_log(ReadLog(), SYSTEM).events
    assert [event["type"] for event in read] == [
        "hub.pr_bot.PullRequestQueued.v1",
        "hub.pr_bot.PullRequestOpened.v1",
    ]
    assert json.dumps(hub.pr_bot.operations(Empty(), SYSTEM).figures)


def _until(holds: Any, *, within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def open_one(hub: Hub) -> str:
    """The branch of a request that stands, with nothing due."""
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    last = hub.built.application.records.pull_request("GLM-5").last
    assert last is not None
    return str(last.branch)


@pytest.mark.parametrize("by", ["number", "branch", "ref", "sha"])
def test_what_is_heard_of_a_request_marks_its_model_due(hub: Hub, by: str) -> None:
    branch = open_one(hub)
    head = hub.built.application.records.pull_request("GLM-5").last.head_sha
    heard = {
        "number": Heard(event="pull_request", action="closed", number=1),
        "branch": Heard(event="push", branch=branch, sha="1" * 40),
        "ref": Heard(event="push", branch=f"refs/heads/{branch}"),
        "sha": Heard(event="check_run", action="completed", sha=head),
    }[by]
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0
    for _ in range(2):
        hub.pr_bot.heard(heard, SYSTEM)
    assert [due.model for due in hub.built.application.records.rows.due_now(time.time(), limit=9)] == ["glm-5"]
    assert bool(hub.built.application.records.rows.due_now(time.time(), limit=9)[0].heard) == (by == "sha")
    hub.settle()
    assert hub.state("GLM-5") == "draft"


@pytest.mark.parametrize(
    "heard",
    [
        Heard(event="pull_request", action="closed", number=77),
        Heard(event="push", branch="refs/heads/somebody/else", sha="2" * 40),
        Heard(event="issue_comment", action="created", number=2),
        Heard(event="check_run", action="completed", sha="3" * 40),
        Heard(event="ping"),
        Heard(event="pull_request", action="opened", number=1),
    ],
)
def test_what_is_heard_of_something_unknown_changes_nothing(hub: Hub, heard: Heard) -> None:
    open_one(hub)
    hub.pr_bot.heard(heard, SYSTEM)
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0


def test_the_bots_own_push_is_no_news(hub: Hub) -> None:
    branch = open_one(hub)
    head = hub.built.application.records.pull_request("GLM-5").last.head_sha
    hub.pr_bot.heard(Heard(event="push", branch=f"refs/heads/{branch}", sha=head), SYSTEM)
    hub.pr_bot.heard(Heard(event="pull_request", action="synchronize", number=1, branch=branch, sha=head), SYSTEM)
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0


@pytest.mark.parametrize(
    "heard",
    [
        Heard(event="push", branch="refs/heads/main", sha="4" * 40),
        Heard(event="push", branch="refs/tags/v9.0.0"),
        Heard(event="create", branch="v9.0.0"),
        Heard(event="release", action="published"),
    ],
)
def test_what_is_heard_of_main_or_a_release_wakes_the_watch(hub: Hub, heard: Heard) -> None:
    woken: list[bool] = []
    hub.built.application.wake_watch = lambda: woken.append(True)
    hub.pr_bot.heard(heard, SYSTEM)
    assert woken


def test_a_branch_that_is_made_upstream_wakes_nobody(hub: Hub) -> None:
    """The bot makes one for each request."""
    woken: list[bool] = []
    hub.built.application.wake_watch = lambda: woken.append(True)
    hub.pr_bot.heard(Heard(event="create", branch="refs/heads/chore/models-sync/glm-5"), SYSTEM)
    assert woken == []
    hub.pr_bot.heard(Heard(event="create", branch="refs/tags/v9.9.9"), SYSTEM)
    assert woken == [True]


def test_only_services_tell_what_was_heard(hub: Hub) -> None:
    with pytest.raises(Forbidden):
        hub.pr_bot.heard(Heard(event="push", branch="main"), REVIEWER)


def test_people_see_where_their_models_stand_and_operators_whose_work_waits(hub: Hub) -> None:
    for name in ("GLM-5", "GLM-6"):
        hub.registry.submits(name, model(name, size=1, updated_at=200))
    for subscription in hub.built.subscriptions:
        subscription.catch_up()
    places = hub.pr_bot.places(PlacesQuery(names=["glm-6", "unknown"]), OWNER)
    assert (places.due, [(place.name, place.place) for place in places.items]) == (2, [("glm-6", 2)])
    assert [(work.submitter, work.due) for work in hub.pr_bot.upstream(Empty(), SYSTEM).people] == [("u1", 2)]
    assert hub.pr_bot.upstream(Empty(), OWNER).people == []


def test_while_upstream_takes_no_calls_the_state_says_until_when(hub: Hub) -> None:
    hub.registry.submits("GLM-5", NEW)
    until = time.time() + 600
    hub.built.application.records.rows.turns.sleep("default", until=until, because="budget")
    hub.settle()
    state = hub.pr_bot.upstream(Empty(), OWNER)
    assert (state.waits_until, state.waits_because, state.next_try_at, state.due) == (until, "budget", until, 1)
    (place,) = hub.pr_bot.places(PlacesQuery(names=["GLM-5"]), OWNER).items
    assert (place.next_try_at, place.because) == (until, "budget")
    assert hub.state("GLM-5") == "queued"


def test_operators_pause_and_cap_and_everybody_sees_why(hub: Hub) -> None:
    with pytest.raises(Forbidden):
        hub.pr_bot.control(ControlPullRequests(paused=True, reason="no"), REVIEWER)
    for _ in range(2):
        hub.pr_bot.control(ControlPullRequests(paused=True, most_open=5, reason="Upstream asked"), SYSTEM)
    hub.registry.submits("GLM-5", NEW)
    hub.settle()
    state = hub.pr_bot.upstream(Empty(), OWNER)
    assert (state.paused, state.most_open, state.control_reason) == (True, 5, "Upstream asked")
    assert (state.waits_because, state.due, hub.state("GLM-5")) == ("paused", 1, "queued")
    assert hub.pr_bot.places(PlacesQuery(names=["GLM-5"]), OWNER).items[0].because == "paused"
    told = [recorded.event for recorded in hub.built.application.store.read_stream("pullrequests")]
    assert [(event.paused, event.most_open) for event in told] == [(True, 5)]
    hub.pr_bot.control(ControlPullRequests(most_open=0, reason="Go on"), SYSTEM)
    hub.settle()
    assert hub.state("GLM-5") == "draft"
    assert hub.pr_bot.upstream(Empty(), OWNER).opened_lately == 1


def test_operators_let_an_owners_models_share_a_request_and_what_waited_for_it_goes_on_without(hub: Hub) -> None:
    assert hub.pr_bot.upstream(Empty(), OWNER).batch is False
    hub.pr_bot.control(ControlPullRequests(batch=True, reason="Fewer"), SYSTEM)
    assert hub.pr_bot.upstream(Empty(), OWNER).batch is True
    for name in ("GLM-5", "GLM-6"):
        hub.registry.submits(name, model(name, size=1, updated_at=200))
        hub.registry.change(name, owners=["u1"])
    hub.settle()
    assert [hub.state(name) for name in ("GLM-5", "GLM-6")] == ["queued", "queued"]
    hub.pr_bot.control(ControlPullRequests(batch=True, most_open=9, reason="Fewer"), SYSTEM)
    assert hub.pr_bot.upstream(Empty(), SYSTEM).due == 0
    hub.pr_bot.control(ControlPullRequests(reason="As before"), SYSTEM)
    hub.settle()
    assert [hub.state(name) for name in ("GLM-5", "GLM-6")] == ["draft", "draft"]
    told = [recorded.event.batch for recorded in hub.built.application.store.read_stream("pullrequests")]
    assert told == [True, True, False]
