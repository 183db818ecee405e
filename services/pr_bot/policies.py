"""What pr_bot does when others' facts arrive: it marks the model due, and works through what is due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from services.pr_bot import domain
from services.pr_bot.application import Application
from services.pr_bot.domain import DEFAULT_ACCOUNT
from services.pr_bot.projection import Due
from services.pr_bot.reconcile import AtWork, UpstreamAhead
from services.pr_bot.reconcile.records import Records
from services.pr_bot.upstream import BranchMoved, RateLimited
from shared.errors import HubError
from shared.event_store.interface import RecordedEvent
from shared.events import identity, registry
from shared.telemetry import stepping

Reaction = Callable[[Application, Connection, RecordedEvent], None]

log = structlog.get_logger(__name__)

_IDLE_S = 30.0
# Another replica may be at the first ones; each replica takes one at a time.
_LOOKED_AT = 4
_LEFT_TO_ANOTHER_S = 0.2
_TOGETHER_S = 0.1
_REASON_CHARS = 500
# What people decide wakes the worker of their own replica alone.
_HELD_BACK_S = 5.0


def _nothing() -> None:
    return None


def queue_revision(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a revision is submitted for everyone, then its pull request is queued and the model is due."""
    event: registry.RevisionContent = recorded.event
    application.records.rows.turns.submitted_by(connection, event.model_name.lower(), event.submitter)
    application.mark_due(connection, event.model_name, recorded)
    if event.visibility == "public":
        application.queue(connection, event.model_name, event.revision, recorded)


def look_again(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever something is decided about a model, then it is due."""
    application.mark_due(connection, recorded.event.model_name, recorded)


def look_again_if_known(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever upstream's own content is taken over, then a model that has a pull request is due; most have none."""
    if application.records.rows.is_known(connection, recorded.event.model_name.lower()):
        application.mark_due(connection, recorded.event.model_name, recorded)


def look_again_of_owner(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a person's GitHub token changes, then those of their models are due whose request it may open."""
    for model in application.records.rows.accounts.waiting_for(connection, recorded.event.user_id):
        application.mark_due(connection, model, recorded)


REACTIONS: dict[type, Reaction] = {
    registry.ModelSubmitted: queue_revision,
    registry.ModelUpdated: queue_revision,
    registry.RevisionWithdrawn: look_again,
    registry.RevisionRejected: look_again,
    registry.ModelPublished: look_again,
    registry.PublicationSkipped: look_again,
    registry.ModelImported: look_again_if_known,
    registry.SeenUpstream: look_again_if_known,
    registry.RemovedUpstream: look_again_if_known,
    registry.MergeConflicted: look_again,
    registry.VisibilityNarrowed: look_again,
    registry.ModelArchived: look_again,
    registry.ModelRestored: look_again,
    registry.ModelQuarantined: look_again,
    registry.QuarantineLifted: look_again,
    identity.GitHubTokenChanged: look_again_of_owner,
}


class Worker:
    """Takes due models one at a time, one person's after another's; a failure is recorded and tried later.

    While upstream takes no more calls, or operators paused it, nothing is taken at all; while no more requests
    may be opened, those that are open are kept up to date.
    """

    def __init__(
        self, *, step: Callable[[Due], None], records: Records, now: Callable[[], float], idle_s: float = _IDLE_S
    ) -> None:
        self._step = step
        self._records = records
        self._now = now
        self._idle_s = idle_s
        self.after_step: Callable[[], None] = _nothing
        self._one_at_a_time = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="pr_bot-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns once the step in hand is over."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        self._woken.set()

    def run_due(self) -> int:
        """Works through all that is due now, in the calling thread; how many steps that was."""
        steps = 0
        while not self._stopping.is_set() and self._take_one():
            steps += 1
        return steps

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.run_due()
                pause_s = self._pause_s()
            except Exception as error:  # noqa: BLE001 a thread's top: its own database fails, which passes
                log.warning("worker failed", service="pr_bot", error=_reason(error))
                pause_s = 1.0
            if self._woken.wait(pause_s):
                # What one change leads to comes within a moment; pages that people wait for go first.
                self._stopping.wait(_TOGETHER_S)

    def _pause_s(self) -> float:
        rows = self._records.rows
        if rows.limits.controls().paused or rows.limits.full_until(self._now()) is not None:
            return min(_HELD_BACK_S, self._idle_s)
        at = rows.next_try_at()
        if at is not None and (sleep := rows.turns.asleep_at(self._now())) is not None:
            at = max(at, sleep.until)
        # Where something is due and was left, another replica is at it.
        return self._idle_s if at is None else min(max(at - self._now(), _LEFT_TO_ANOTHER_S), self._idle_s)

    def _take_one(self) -> bool:
        with self._one_at_a_time:
            rows = self._records.rows
            if self._is_held_back():
                return False
            for first in rows.due_now(self._now(), limit=_LOOKED_AT, only_open=self._is_full()):
                with rows.database.alone(f"model {first.model}") as mine:
                    # Another replica may have been at it until just now.
                    if not mine or self._is_held_back():
                        continue
                    for due in rows.due_now(self._now(), limit=1, model=first.model):
                        if not rows.limits.take_place(due.model, at=self._now()):
                            continue
                        trace = {"correlation_id": due.correlation, "actor": due.actor, "traceparent": due.traceparent}
                        with stepping("pr_bot", "step", **trace):
                            self._take(due)
                        return True
            return False

    def _is_held_back(self) -> bool:
        """Whether nothing is taken at all."""
        rows = self._records.rows
        return rows.turns.asleep_at(self._now()) is not None or rows.limits.controls().paused

    def _is_full(self) -> bool:
        """Whether only those that are open are kept up to date."""
        return self._records.rows.limits.full_until(self._now()) is not None

    def _take(self, due: Due) -> None:
        try:
            self._step(due)
        except RateLimited as error:
            self._limited(due, error)
        except Exception as error:  # noqa: BLE001 whatever it is, it is recorded and tried again
            self._failed(due, error)
        else:
            rows = self._records.rows
            with rows.database.write() as connection:
                rows.done(connection, due)
            state, number = rows.last_recorded(due.model)
            log.info("step taken", model=due.model, pull_request=state, number=number)
        finally:
            self.after_step()

    def _limited(self, due: Due, error: RateLimited) -> None:
        """The account sleeps, not the model alone; nothing has failed."""
        log.info("rate limited", model=due.model, account=error.account, until=error.retry_at, why=error.why)
        rows = self._records.rows
        if error.account == DEFAULT_ACCOUNT:
            rows.turns.sleep(DEFAULT_ACCOUNT, until=error.retry_at, because=error.why)
            return
        with rows.database.write() as connection:
            rows.try_later(connection, due, at=error.retry_at, counts=False)
            rows.limits.give_back(connection, due.model)
            rows.turns.postpone(connection, login=error.account, person=error.person, until=error.retry_at)

    def _failed(self, due: Due, error: Exception) -> None:
        attempts = due.attempts + 1
        passing = isinstance(error, UpstreamAhead | BranchMoved | AtWork) and attempts <= domain.QUIET_ATTEMPTS
        delay_s = attempts / 4 if passing else domain.retry_after_s(attempts)
        at = self._now() + delay_s
        log.warning("step failed", model=due.model, attempts=attempts, error=_reason(error))
        later = partial(self._later, due=due, at=at, attempts=attempts)
        if passing:
            with self._records.rows.database.write() as connection:
                later(connection)
            return
        failed = partial(
            domain.fail, model=due.model, revision=0, reason=_reason(error), attempts=attempts, next_try_at=round(at)
        )
        try:
            self._records.record(due, failed, also=later)
        except HubError as unrecorded:
            # A stream that cannot be read must hold up nobody else.
            log.warning("failure not recorded", model=due.model, error=_reason(unrecorded))
            with self._records.rows.database.write() as connection:
                later(connection)

    def _later(self, connection: Connection, *, due: Due, at: float, attempts: int) -> None:
        rows = self._records.rows
        rows.try_later(connection, due, at=at)
        # The first ones come soon, and find what was opened although nobody heard of it.
        if attempts > domain.QUIET_ATTEMPTS:
            rows.limits.give_back(connection, due.model)


class UpstreamWatch:
    """Looks at upstream every `poll_s` seconds, and when it is woken."""

    def __init__(self, *, look: Callable[[], object], poll_s: float) -> None:
        self._look = look
        self._poll_s = poll_s
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="pr_bot-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns once the look in hand is over."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 a thread's top: the next look tries again, the page shows it
                log.warning("look at upstream failed", service="pr_bot", error=_reason(error))
            self._woken.wait(self._poll_s)


def _reason(error: Exception) -> str:
    text = error.message if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:_REASON_CHARS]
