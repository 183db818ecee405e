"""The last hour as rows with a small drawing each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.load_history import MINUTES, Sample

WIDTH, HEIGHT = 240.0, 32.0
STEP = WIDTH / MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`bars` as (x, y, height) in a 240 x 32 view box, the present at its right edge; `now` is the last minute's."""

    name: str
    source: str = ""
    bars: tuple[tuple[float, float, float], ...] = ()
    now: int = 0
    most: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastHour:
    """`appended` per minute, the sum of all logs first; `behind`, each reader; `since` 0 before the second look."""

    since: float
    appended: tuple[Row, ...] = ()
    behind: tuple[Row, ...] = ()


def last_hour(samples: Sequence[Sample], total: str) -> LastHour:
    """`total` names the row of all logs together."""
    if len(samples) < 2:
        return LastHour(since=0)
    grown = [_grown(before, after) for before, after in pairwise(samples)]
    logs = sorted({name for each in grown for name in each})
    sums = [sum(each.values()) for each in grown]
    readers = sorted({key for each in samples for key in each.lags})
    return LastHour(
        since=samples[0].at,
        appended=(
            _row(total, sums),
            *(_row(name, [each.get(name, 0) for each in grown]) for name in logs),
        ),
        behind=tuple(
            _row(reader, [each.lags.get((reader, source), 0) for each in samples[1:]], source)
            for reader, source in readers
        ),
    )


def _grown(before: Sample, after: Sample) -> Mapping[str, int]:
    """Events between two looks, of the logs seen in both."""
    return {name: max(0, head - before.heads[name]) for name, head in after.heads.items() if name in before.heads}


def _row(name: str, values: Sequence[int], source: str = "") -> Row:
    most = max(values, default=0)
    first = MINUTES - len(values)
    bars = tuple(_bar(first + number, value / most) for number, value in enumerate(values) if value)
    return Row(name=name, source=source, bars=bars, now=values[-1], most=most, total=sum(values))


def _bar(minute: int, share: float) -> tuple[float, float, float]:
    """At least 2 high, so that one event among thousands is seen."""
    height = round(max(2.0, share * (HEIGHT - 1)), 1)
    return round(minute * STEP, 1), round(HEIGHT - height, 1), height
