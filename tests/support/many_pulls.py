"""Hundreds of models of several people changed at once, over a GitHub with GitHub's limits, on a clock that jumps.

`python -m tests.support.many_pulls --models 500` plays it as large as one likes and prints its figures.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import structlog

from services.pr_bot.application import Application
from services.pr_bot.upstream import UpstreamFailed
from services.pr_bot.upstream.local_git import LocalGit
from shared.contracts.common import Empty, system_caller
from shared.contracts.pr_bot import UpstreamState
from shared.event_store.serialization import EventTypes
from shared.events import pr_bot as facts
from shared.idempotency import Commands
from tests.support.github import fake_github
from tests.support.pr_bot_world import TOKEN, World
from tests.support.registry_fake import model

# Of a hundred models; somebody always submits most of them.
SHARES = {"ada": 60, "bob": 20, "cyd": 12, "dan": 6, "eve": 2}
CALLER = system_caller("gateway")


@dataclass(kw_only=True)
class Figures:
    """What the play came to; `stages` are (seconds of the hub's clock, why it stopped there, requests open by then)."""

    models: int
    calls: int = 0
    refusals: int = 0
    stages: list[tuple[int, str, int]] = field(default_factory=list)
    worst_share: int = 0
    ready_s: float = 0.0
    took_s: float = 0.0

    @property
    def pauses(self) -> Mapping[str, int]:
        return Counter(why for _, why, _ in self.stages)


class ManyPulls:
    """`play` fails where a call is made during a pause, or where the dashboard would not tell the truth."""

    def __init__(self, world: World, models: int) -> None:
        assert world.github is not None
        self.world = world
        self.fake = world.github
        self.owners = _owners(models)
        self.began = world.now
        self.figures = Figures(models=models)
        self.application = Application(
            store=world.store,
            types=EventTypes(facts.EVENTS, facts.UPCASTERS),
            records=world.records,
            registry=cast(Any, world.registry),
            commands=Commands(world.database),
            clock=lambda: world.now,
            target="github",
            upstream_reader=world.git,
            watch=world.watch,
        )

        world.worker.after_step = self.application.note_budget

    def play(self) -> Figures:
        started = time.perf_counter()
        before = len(self.fake.calls)
        self._submit_all()
        while True:
            calls = len(self.fake.calls)
            self.world.worker.run_due()
            self._check_refusals(calls)
            state = self._checked_state()
            if not state.due:
                break
            self._check_silence(state)
            self.figures.stages.append((round(self.world.now - self.began), state.waits_because, state.open))
            self.world.now = state.next_try_at
        self.figures.calls = len(self.fake.calls) - before
        self.figures.refusals = self.fake.limit.refusals
        self.figures.ready_s = self.world.now - self.began
        self.figures.took_s = time.perf_counter() - started
        self._check_shares()
        self._check_content()
        return self.figures

    def _submit_all(self) -> None:
        with self.world.database.write() as connection:
            for name, owner in self.owners.items():
                self.world.registry.submitted(
                    name, "llm", changed(name), submitter=owner, owners=[owner], is_published=True
                )
                self.world.records.rows.turns.submitted_by(connection, name.lower(), owner)
                self.world.records.rows.mark_due(connection, name.lower(), at=self.world.now, cause=str(uuid4()))

    def _check_refusals(self, since: int) -> None:
        """A refusal is the last call before a pause."""
        statuses = [status for _, _, status in self.fake.calls[since:]]
        assert not {403, 429} & set(statuses[:-1]), statuses

    def _checked_state(self) -> UpstreamState:
        """What the dashboard shows, held against what is."""
        state = self.application.upstream(Empty(), CALLER)
        token = self.fake.tokens[TOKEN]
        shown = self.fake.limit.shown(token, "core", self.world.now)
        assert (state.limit, state.remaining, state.resets_at) == (shown["limit"], shown["remaining"], shown["reset"])
        made = len(self.fake.pulls())
        # The step that was stopped may have opened one that is not recorded yet.
        assert made - state.open in (0, 1), (made, state.open)
        assert state.due + state.open == len(self.owners)
        assert sum(work.due for work in state.people) == state.due
        assert sum(work.open for work in state.people) == state.open
        assert not state.failed
        return state

    def _check_silence(self, state: UpstreamState) -> None:
        """Until the pause is over nothing is asked, whoever wants what."""
        assert state.waits_until == state.next_try_at > self.world.now
        assert state.waits_because in ("budget", "pace")
        calls, now = len(self.fake.calls), self.world.now
        for self.world.now in (now, (now + state.waits_until) / 2, state.waits_until - 0.5):
            self.world.worker.run_due()
            self.application.look_at_upstream()
            with suppress(UpstreamFailed):
                self.world.git.head()
        assert len(self.fake.calls) == calls
        self.world.now = now

    def _check_shares(self) -> None:
        """After each request, nobody who still waits has two fewer than another."""
        left = Counter(self.owners.values())
        had: Counter[str] = Counter()
        by_branch = {_branch(name): owner for name, owner in self.owners.items()}
        for pull in self.fake.pulls():
            owner = by_branch[pull.head_ref]
            had[owner] += 1
            left[owner] -= 1
            waiting = [had[person] for person, count in left.items() if count > 0]
            if waiting:
                self.figures.worst_share = max(self.figures.worst_share, max(waiting) - min(waiting))
        assert self.figures.worst_share <= 1

    def _check_content(self) -> None:
        """Each model has one request, one commit on main, with its own content alone."""
        git = LocalGit(self.world.repository, durable=False)
        pulls = self.fake.pulls()
        assert sorted(pull.head_ref for pull in pulls) == sorted(_branch(name) for name in self.owners)
        heads = {pull.head_ref: pull.head_sha for pull in pulls}
        main = git.head()
        for name in self.owners:
            head = heads[_branch(name)]
            assert git.commit(head).parents == (main,)
            assert git.changed(main, head) == [_path(name)]
            assert (git.text(head, _path(name)) or "").strip() == changed(name)
        git.close()


def changed(name: str) -> str:
    return model(name, size=2, updated_at=200)


def play(folder: Path, *, models: int, per_hour: int) -> Figures:
    files = {_path(name): model(name, size=1, updated_at=100) + "\n" for name in _owners(models)}
    with fake_github(folder, files) as github:
        world = World(folder, files, github=github)
        github.limit.per_hour = per_hour
        github.limit.content_per_minute = 80
        github.limit.points_per_minute = 900
        try:
            return ManyPulls(world, models).play()
        finally:
            world.close()


def _owners(models: int) -> dict[str, str]:
    """model -> whose; in the order of submission, the one with most first."""
    counts = {owner: models * share // 100 for owner, share in SHARES.items()}
    counts["ada"] += models - sum(counts.values())
    return {f"{owner}-{number:03}": owner for owner, count in counts.items() for number in range(count)}


def _path(name: str) -> str:
    return f"xinference/model/llm/models/{name}.json"


def _branch(name: str) -> str:
    return f"chore/models-sync/{name}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--per-hour", type=int, default=5_000)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        found = play(Path(folder), models=given.models, per_hour=given.per_hour)
    print(
        f"{found.models} models of {len(SHARES)} people, {given.per_hour} calls an hour: {found.models} requests, "
        f"{found.calls} calls ({found.calls / found.models:.1f} each), {found.refusals} refusals, "
        f"pauses {dict(found.pauses)}, ready after {found.ready_s / 60:.0f} min of "
        f"the hub's clock, shares apart by {found.worst_share} at most; played in {found.took_s:.0f} s"
    )


if __name__ == "__main__":
    main()
