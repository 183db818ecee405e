"""Whether pr_bot's rows are what its streams say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select

from services.pr_bot.domain import (
    CONTROLS_STREAM,
    Controls,
    MainContent,
    PullRequest,
    evolve,
    evolve_controls,
    evolve_main,
)
from services.pr_bot.projection import BATCHES, PULL_REQUESTS, SEEN_MODELS
from services.pr_bot.projection.limits import controls_in
from services.pr_bot.projection.tables import UNRELEASED
from shared.database import Database
from shared.doctor import Check, differences, folded, histories, parked_check
from shared.event_store.interface import EventStore

ADVICE = "stop the hub and restore a backup"
_PULL, _MAIN = "pullrequest-", "upstream-"


def examine(database: Database, store: EventStore) -> list[Check]:
    """Every stream folded and compared with the requests and with what main was last told to hold, in one snapshot."""
    faults: list[str] = []
    pulls: dict[str, Any] = {}
    main: dict[str, str] = {}
    unreleased: dict[tuple[str, int], str] = {}
    controls = Controls()
    events = streams = 0
    with database.read() as connection:
        for history in histories(store, connection):
            streams, events = streams + 1, events + len(history.events)
            faults += history.faults
            if history.stream.startswith(_PULL):
                state: PullRequest = folded(history, PullRequest(), evolve)
                model = history.stream.removeprefix(_PULL)
                pulls[model] = _row(state)
                unreleased |= {(model, merged.number): merged.merge_sha for merged in state.unreleased}
            elif history.stream == CONTROLS_STREAM:
                controls = folded(history, Controls(), evolve_controls)
            elif history.stream.startswith(_MAIN):
                told: MainContent = folded(history, MainContent(), evolve_main)
                main[history.stream.removeprefix(_MAIN)] = told.document_sha256
        found = {
            row.model: (row.state, row.number, bool(row.is_open), row.branch, row.head_sha)
            for row in connection.execute(select(PULL_REQUESTS))
        }
        beside = [_main(connection, main), _releases(connection, unreleased), _allowed(connection, controls)]
        shared = set(connection.scalars(select(BATCHES.c.branch)))
        parked = parked_check("pr_bot", connection)
    return [
        Check(subject=f"pr_bot: {events} events in {streams} streams read back", differs=faults),
        Check(
            subject=f"pr_bot: {len(pulls)} pull requests are what the log says",
            differs=[*differences(pulls, found, what="pull request of", advice=ADVICE), *_twice(pulls, shared)],
        ),
        *beside,
        parked,
    ]


def _main(connection: Connection, main: Mapping[str, str]) -> Check:
    seen = {row.model: row.document_sha256 for row in connection.execute(select(SEEN_MODELS))}
    # What main held at the first look was no news: no event tells of it.
    found = {model: seen.get(model, "") for model in main}
    return Check(
        subject=f"pr_bot: {len(main)} changes of main are what the log says",
        differs=differences(main, found, what="main's content of", advice=ADVICE),
    )


def _releases(connection: Connection, unreleased: Mapping[tuple[str, int], str]) -> Check:
    found = {(row.model, row.number): row.merge_sha for row in connection.execute(select(UNRELEASED))}
    return Check(
        subject=f"pr_bot: {len(unreleased)} merges in no release yet are what the log says",
        differs=differences(unreleased, found, what="merge of", advice=ADVICE),
    )


def _allowed(connection: Connection, controls: Controls) -> Check:
    found = {"requests": controls_in(connection)}
    return Check(
        subject="pr_bot: what operators allow is what the log says",
        differs=differences({"requests": controls}, found, what="controls of", advice=ADVICE),
    )


def _twice(pulls: dict[str, Any], shared: Collection[str]) -> list[str]:
    """One request is one model's, unless it is on a branch of several (`shared`)."""
    having: dict[int, list[str]] = {}
    for _, number, _, branch, _ in pulls.values():
        if number:
            having.setdefault(number, []).append(branch)
    return [
        f"pull request {number}: {len(branches)} models have it; {ADVICE}"
        for number, branches in having.items()
        if len(branches) > 1 and (len(set(branches)) > 1 or branches[0] not in shared)
    ]


def _row(state: PullRequest) -> tuple[str, int, bool, str, str]:
    last = state.last
    return (
        state.state,
        state.number,
        state.is_open,
        last.branch if last else "",
        last.head_sha if last else "",
    )
