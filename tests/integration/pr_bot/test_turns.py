"""Who comes first, and who waits while upstream takes no more calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.pr_bot import domain
from services.pr_bot.domain import Controls, PullRequest
from services.pr_bot.policies import Worker
from services.pr_bot.projection import Due, Rows
from services.pr_bot.reconcile.records import Records
from services.pr_bot.upstream import RateLimited, UpstreamFailed
from shared.database import Database
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import EventTypes, UnknownEventVersion
from shared.event_store.sql import SqlEventStore
from shared.events import pr_bot as events

TEXTS = ("url", "branch", "base", "title", "body", "head_sha", "base_sha", "document_sha256", "diff")


class Desk:
    """A worker whose steps only note which model was taken."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'pr_bot.db'}", durable=False)
        self.rows = Rows(self.database)
        self.store = SqlEventStore(self.database, EventTypes(events.EVENTS, events.UPCASTERS))
        self.now = 1_800_000_000.0
        self.taken: list[str] = []
        self.fails: dict[str, BaseException] = {}
        self.opens: dict[str, int] = {}
        self.meanwhile: Callable[[], object] = lambda: None
        self.records = Records(self.store, self.rows, now=lambda: self.now)
        self.worker = Worker(step=self.open, records=self.records, now=lambda: self.now)

    def open(self, due: Due) -> None:
        """A step; of those in `opens` it opens the request with that number, after what happens `meanwhile`."""
        self.taken.append(due.model)
        if (error := self.fails.get(due.model)) is not None:
            raise error
        if number := self.opens.get(due.model):
            self.meanwhile()
            seen = facts_of(due.model, number=number)
            self.records.record(due, partial(domain.stand, seen=seen))

    def submit(self, person: str, *models: str, marked_by: str = "system:pr_bot", ask: str = "") -> None:
        with self.database.write() as connection:
            for model in models:
                self.rows.turns.submitted_by(connection, model, person)
                self.rows.mark_due(connection, model, at=self.now, cause=str(uuid4()), actor=marked_by, ask=ask)
        self.now += 1

    def control(self, **wanted: Any) -> None:
        with self.database.write() as connection:
            self.rows.limits.keep_controls(connection, Controls(**wanted))

    def stand(self, model: str, *, number: int, is_open: bool = True, branch: str = "") -> None:
        """The model's request upstream, as far as recorded."""
        last = facts_of(model, number=number, branch=branch)
        with self.database.write() as connection:
            self.rows.keep(connection, model, PullRequest(state="open", is_open=is_open, last=last))

    def places(self) -> list[str]:
        return [row.model for row in self.rows.turns.waiting(self.now)]


class Killed(BaseException):
    """What ends a process ends its step."""


def facts_of(model: str, *, number: int, branch: str = "") -> events.PullRequestFacts:
    texts: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"branch": branch}
    return events.PullRequestFacts(model_name=model, number=number, draft=False, revision=1, **texts)


def limit_of(person: str, *, until: float) -> RateLimited:
    """Of the person's own account."""
    limit = RateLimited("no more calls", retry_at=until, account=f"{person}-on-github")
    limit.person = person
    return limit


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def test_one_who_submits_much_takes_turns_with_the_others(desk: Desk) -> None:
    desk.submit("ada", *(f"a{number:02}" for number in range(20)))
    desk.submit("bob", "b0", "b1", "b2")
    desk.submit("cyd", "c0")
    shown = desk.places()
    assert desk.worker.run_due() == 24
    assert desk.taken == shown
    assert desk.taken[:7] == ["a00", "b0", "c0", "a01", "b1", "a02", "b2"]


def test_who_was_served_last_comes_last_whatever_waits_longer(desk: Desk) -> None:
    desk.submit("ada", "a0")
    desk.worker.run_due()
    desk.submit("ada", "a1", "a2")
    desk.submit("bob", "b0")
    desk.worker.run_due()
    assert desk.taken == ["a0", "b0", "a1", "a2"]


def test_turns_are_the_submitters_whoever_marked_the_model(desk: Desk) -> None:
    desk.submit("ada", "a0", "a1", "a2", marked_by="reviewer")
    desk.submit("bob", "b0", "b1", "b2", marked_by="reviewer")
    desk.worker.run_due()
    for served in range(1, 7):
        people = Counter(model[0] for model in desk.taken[:served])
        assert abs(people["a"] - people["b"]) <= 1


def test_a_failure_takes_a_turn_and_waits_alone(desk: Desk) -> None:
    desk.fails["a0"] = UpstreamFailed("down")
    desk.submit("ada", "a0", "a1")
    desk.submit("bob", "b0")
    desk.worker.run_due()
    assert desk.taken == ["a0", "b0", "a1"]
    assert desk.places() == ["a0"]


def test_everything_sleeps_while_the_hubs_own_account_may_not_call(desk: Desk) -> None:
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    until = desk.now + 600
    desk.fails["a0"] = RateLimited("no more calls", retry_at=until, why="pace")
    desk.worker.run_due()
    desk.submit("cyd", "c0")
    desk.worker.run_due()
    assert desk.taken == ["a0"]
    sleep = desk.rows.turns.asleep_at(desk.now)
    assert sleep is not None
    assert (sleep.until, sleep.because) == (until, "pace")
    desk.fails.clear()
    desk.now = until
    assert desk.rows.turns.asleep_at(desk.now) is None
    desk.worker.run_due()
    assert sorted(desk.taken[1:]) == ["a0", "b0", "c0"]


def test_a_limit_is_no_failure_and_costs_no_turn(desk: Desk) -> None:
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    desk.fails["a0"] = RateLimited("no more calls", retry_at=desk.now + 60)
    desk.worker.run_due()
    desk.fails.clear()
    desk.now += 60
    (first, _) = desk.rows.due_now(desk.now, limit=2)
    assert (first.model, first.attempts) == ("a0", 0)
    assert desk.rows.count_by_state() == {}


def test_a_persons_limit_lets_the_others_go_on(desk: Desk) -> None:
    desk.submit("ada", "a0", "a1")
    desk.submit("bob", "b0")
    until = desk.now + 600
    desk.fails["a0"] = limit_of("ada", until=until)
    desk.worker.run_due()
    assert desk.taken == ["a0", "b0"]
    desk.fails.clear()
    desk.now = until
    desk.worker.run_due()
    assert desk.taken == ["a0", "b0", "a0", "a1"]


def test_the_limit_of_another_persons_account_holds_up_what_goes_through_that_account(desk: Desk) -> None:
    desk.submit("ada", "bobs")
    desk.submit("ada", "adas")
    desk.submit("bob", "b0")
    desk.rows.accounts.keep_owners("bobs", ["bob"])
    desk.rows.accounts.keep_owners("adas", ["ada"])
    until = desk.now + 600
    desk.fails["bobs"] = limit_of("bob", until=until)
    desk.worker.run_due()
    assert desk.taken == ["bobs", "adas"]
    desk.fails.clear()
    desk.now = until
    desk.worker.run_due()
    assert sorted(desk.taken[2:]) == ["b0", "bobs"]


def test_a_limit_holds_up_whose_request_stands_on_the_accounts_branch(desk: Desk) -> None:
    desk.submit("ada", "a0", "stands", "moved")
    for model, login in (("stands", "bob-on-github"), ("moved", "cyd-on-github")):
        branch = desk.rows.accounts.branch_of(model, login, partial(lambda name, taken: f"of-{name}", model))
        desk.stand(model, number=len(branch), branch=branch)
    desk.fails["a0"] = limit_of("bob", until=desk.now + 600)
    desk.worker.run_due()
    assert desk.taken == ["a0", "moved"]


def test_the_longer_of_two_sleeps_counts(desk: Desk) -> None:
    desk.rows.turns.sleep("default", until=desk.now + 60, because="pace")
    desk.rows.turns.sleep("default", until=desk.now + 30, because="budget")
    sleep = desk.rows.turns.asleep("default")
    assert sleep is not None
    assert (sleep.until, sleep.because) == (desk.now + 60, "pace")


def test_what_only_follows_main_comes_after_what_somebody_waits_for(desk: Desk) -> None:
    desk.submit("ada", "a0", "a1", ask="follow")
    desk.submit("bob", "b0")
    desk.submit("ada", "a2")
    shown = desk.places()
    desk.worker.run_due()
    assert desk.taken == shown == ["b0", "a2", "a0", "a1"]


def test_what_is_asked_of_a_model_is_not_lost_when_main_moves(desk: Desk) -> None:
    for ask, kept in (("rebuild", "rebuild"), ("", "")):
        desk.submit("ada", "a0", ask=ask)
        desk.submit("ada", "a0", ask="follow")
        (due,) = desk.rows.due_now(desk.now, limit=9)
        assert due.ask == kept
        desk.worker.run_due()
    desk.submit("ada", "a0", ask="follow")
    desk.submit("ada", "a0")
    assert [due.ask for due in desk.rows.due_now(desk.now, limit=9)] == [""]


def test_a_paused_bot_takes_nothing_until_it_is_resumed(desk: Desk) -> None:
    desk.control(paused=True)
    desk.submit("ada", "a0")
    desk.worker.run_due()
    assert desk.taken == []
    desk.control(paused=False)
    desk.worker.run_due()
    assert desk.taken == ["a0"]


def test_while_enough_are_open_only_those_are_kept_up_to_date(desk: Desk) -> None:
    desk.stand("b0", number=1)
    desk.control(most_open=1)
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    desk.worker.run_due()
    assert desk.taken == ["b0"]
    desk.stand("b0", number=1, is_open=False)
    desk.worker.run_due()
    assert desk.taken == ["b0", "a0"]


def test_no_more_are_opened_in_an_hour_than_operators_allow(desk: Desk) -> None:
    desk.control(most_per_hour=2)
    with desk.database.write() as connection:
        desk.rows.limits.opened(connection, 1, at=desk.now - 3000)
        desk.rows.limits.opened(connection, 2, at=desk.now - 60)
    desk.submit("ada", "a0")
    desk.worker.run_due()
    assert desk.taken == []
    until = desk.rows.limits.full_until(desk.now)
    assert until is not None
    desk.now = until
    desk.worker.run_due()
    assert desk.taken == ["a0"]


def test_a_stream_that_cannot_be_read_holds_up_nobody_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.submit("ada", "broken")
    desk.submit("ben", "fine")
    desk.fails["broken"] = UpstreamFailed("down")
    read = desk.store.read_stream

    def unreadable(stream: str, **more: Any) -> list[RecordedEvent]:
        if stream == "pullrequest-broken":
            raise UnknownEventVersion(f"{stream}: written by a newer program")
        return read(stream, **more)

    monkeypatch.setattr(desk.store, "read_stream", unreadable)
    desk.worker.run_due()
    assert desk.taken == ["broken", "fine"]


@pytest.mark.parametrize("cap", [{"most_open": 1}, {"most_per_hour": 1}])
def test_two_replicas_open_no_more_than_operators_allow(
    desk: Desk, cap: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work: set[str] = set()

    @contextmanager
    def alone(name: str) -> Iterator[bool]:
        mine = name not in at_work
        at_work.add(name)
        yield mine

    monkeypatch.setattr(desk.database, "alone", alone)
    desk.control(**cap)
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    desk.opens["a0"] = 1
    other = Worker(step=desk.open, records=desk.records, now=lambda: desk.now)
    desk.meanwhile = other.run_due
    desk.worker.run_due()
    assert desk.taken == ["a0"]
    until = desk.rows.limits.full_until(desk.now)
    assert until == (0.0 if "most_open" in cap else desk.now + 3600)


def test_a_place_is_free_again_where_nothing_was_opened(desk: Desk) -> None:
    desk.control(most_per_hour=1)
    desk.submit("ada", "a0", "a1")
    desk.worker.run_due()
    assert desk.taken == ["a0", "a1"]
    assert desk.rows.limits.full_until(desk.now) is None


def test_what_a_killed_step_may_have_opened_counts_until_it_is_taken_again(desk: Desk) -> None:
    desk.control(most_open=1)
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    desk.fails["a0"] = Killed()
    with pytest.raises(Killed):
        desk.worker.run_due()
    desk.fails.clear()
    assert desk.rows.limits.full_until(desk.now) == 0.0
    desk.worker.run_due()
    assert desk.taken == ["a0", "a0", "b0"]


def test_what_fails_for_long_leaves_its_place_to_others(desk: Desk) -> None:
    desk.control(most_open=1)
    desk.submit("ada", "a0")
    desk.submit("bob", "b0")
    desk.fails["a0"] = UpstreamFailed("no answer")
    for _ in range(4):
        assert "b0" not in desk.taken
        desk.worker.run_due()
        desk.now += 30
    assert desk.taken == ["a0", "a0", "a0", "a0", "b0"]


def test_a_pause_that_comes_while_another_replica_is_waited_for_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.submit("ada", "a")
    alone = desk.database.alone

    @contextmanager
    def paused_meanwhile(name: str) -> Iterator[bool]:
        desk.control(paused=True)
        with alone(name) as mine:
            yield mine

    monkeypatch.setattr(desk.database, "alone", paused_meanwhile)
    desk.worker.run_due()
    assert desk.taken == []
