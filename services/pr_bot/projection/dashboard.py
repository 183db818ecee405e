"""What people see of the bot's work: its state, its limits, and where each model stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from services.pr_bot.projection import Rows
from shared.contracts.pr_bot import PersonsWork, Place, Places, UpstreamState


class Dashboard:
    """Made of rows alone: every replica says the same."""

    def __init__(self, rows: Rows, *, now: Callable[[], float]) -> None:
        self._rows = rows
        self._now = now

    def state(self, *, enabled: bool, target: str, error: str, names_people: bool) -> UpstreamState:
        rows = self._rows
        seen, states, limits = rows.seen_head(), rows.count_by_state(), rows.limits
        budget, controls = limits.budget(), limits.controls()
        until, because = self._wait()
        return UpstreamState(
            enabled=enabled,
            target=target,
            layout=seen.layout if seen else "",
            head=seen.commit if seen else "",
            looked_at=seen.looked_at if seen else 0.0,
            error=error,
            due=rows.due_count(),
            open=rows.open_count(),
            failed=states.get("failed", 0),
            limit=budget.calls,
            remaining=budget.remaining,
            resets_at=budget.resets_at,
            waits_until=until,
            waits_because=because,
            next_try_at=max(rows.next_try_at() or 0.0, until),
            paused=controls.paused,
            most_open=controls.most_open,
            most_per_hour=controls.most_per_hour,
            batch=controls.batch,
            control_reason=controls.reason,
            opened_lately=limits.opened_lately(self._now()),
            counts=dict(states),
            people=self._people() if names_people else [],
        )

    def places(self, names: Collection[str]) -> Places:
        wanted = {name.lower() for name in names}
        waiting = self._rows.turns.waiting(self._now())
        until, because = self._wait()
        is_open = {standing.model for standing in self._rows.open_requests()} if because == "full" else set()
        items = [
            Place(
                name=row.model,
                place=place,
                next_try_at=max(row.next_try_at, 0.0 if row.model in is_open else until),
                attempts=row.attempts,
                because="" if row.model in is_open else because,
            )
            for place, row in enumerate(waiting, start=1)
            if row.model in wanted
        ]
        return Places(items=items, due=len(waiting))

    def _wait(self) -> tuple[float, str]:
        """(until, because) as UpstreamState has them."""
        if self._rows.limits.controls().paused:
            return 0.0, "paused"
        if (sleep := self._rows.turns.asleep_at(self._now())) is not None:
            return sleep.until, sleep.because
        full = self._rows.limits.full_until(self._now())
        return (0.0, "") if full is None else (full, "full")

    def _people(self) -> list[PersonsWork]:
        turns = self._rows.turns
        due = Counter(row.person for row in turns.waiting(self._now()))
        is_open, failed = turns.by_person("open"), turns.by_person("failed")
        people = sorted({*due, *is_open, *failed}, key=lambda person: (-due[person], person))
        return [
            PersonsWork(submitter=person, due=due[person], open=is_open.get(person, 0), failed=failed.get(person, 0))
            for person in people
        ]
