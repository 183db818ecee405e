"""A log in longer pages than one answer of its owner: what a build applies in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import HubError
from shared.event_store.interface import LogPage, RecordedEvent
from shared.subscription import ReadLog

# A transaction that folds this much ends within half a second, far below what an idle one is allowed.
LONGEST = 3_000
_CHARACTERS = 8_000_000


@dataclass(slots=True)
class LongPages:
    """Answers and raises what `read_log` does; while `joined`, full pages that follow each other as one.

    A joined page ends where the log does, after LONGEST events, once its texts fill some megabytes (a document is in
    the log with each of its revisions), and before a page that cannot be had: who goes on there is told why.
    """

    read_log: ReadLog
    joined: bool = False

    def __call__(self, after: int, mark: str | None, limit: int) -> LogPage:
        page = self.read_log(after, mark, limit)
        if not self.joined:
            return page
        events, newest, characters = list(page.events), page, _characters(page.events)
        while len(newest.events) == limit and len(events) + limit <= LONGEST and characters < _CHARACTERS:
            last = newest.events[-1]
            try:
                newest = self.read_log(last.position, last.mark, limit)
            except HubError:
                break
            events += newest.events
            characters += _characters(newest.events)
        return LogPage(events=tuple(events), head=newest.head)


def _characters(events: Sequence[RecordedEvent]) -> int:
    return sum(len(_text(each.event, "document")) + len(_text(each.event, "readme")) for each in events)


def _text(event: Any, name: str) -> str:
    return getattr(event, name, None) or ""
