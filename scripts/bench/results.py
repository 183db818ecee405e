"""Figures side by side, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from scripts.bench.serving import Measured, medians

Side = TypeVar("Side")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: ours beside a peer's; `ratio` above 1 is ours ahead; no `goal`, no verdict."""

    what: str
    ours: str
    peer: str
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.what, self.ours, self.peer, ratio, self.goal, {None: "", True: "met", False: "NOT MET"}[self.met]


@dataclass(slots=True)
class Rounds:
    """Interleaved rounds of several sides; every side's round is beside the others' in time."""

    taken: dict[str, list[Measured]]

    @classmethod
    def run(cls, count: int, sides: Mapping[str, Side], measure: Callable[[Side, int], Measured]) -> Rounds:
        """`measure(side, number)` of every side `count` times, in turn forwards and backwards."""
        rounds = cls({name: [] for name in sides})
        for number in range(count):
            for name in sides if number % 2 == 0 else reversed(list(sides)):
                rounds.taken[name].append(measure(sides[name], number))
        return rounds

    def of(self, name: str) -> Measured:
        return medians(self.taken[name])

    def ratio(self, ours: str, peer: str) -> float:
        """Median of the rounds' ratios of requests per second: what disturbs a round disturbs both."""
        pairs = zip(self.taken[ours], self.taken[peer], strict=True)
        return median(a.per_second / b.per_second for a, b in pairs)


def figure(measured: Measured) -> str:
    """Requests a second, p50/p99 and the server's CPU time per request."""
    return f"{measured.per_second:,.0f}/s  {measured.p50:.1f}/{measured.p99:.1f} ms  cpu {_short(measured.cpu_ms)} ms"


def compared(rounds: Rounds, what: str, *, peer: str, ours: str = "hub", at_least: float | None = None) -> Row:
    """Ours against a peer, with the goal that requests a second be `at_least` so many times the peer's."""
    ratio = rounds.ratio(ours, peer)
    return Row(
        what=what,
        ours=figure(rounds.of(ours)),
        peer=f"{peer}: {figure(rounds.of(peer))}",
        ratio=ratio,
        goal="" if at_least is None else f"≥ {at_least} x",
        met=None if at_least is None else ratio >= at_least,
    )


def within(what: str, measured: Measured, *, p99_ms: float) -> Row:
    """The goal that p99 stays below a time."""
    return Row(
        what=what,
        ours=f"p50 {measured.p50:.1f} ms, p99 {measured.p99:.1f} ms",
        peer="",
        goal=f"p99 < {p99_ms:.0f} ms",
        met=measured.p99 < p99_ms,
    )


def table(rows: Sequence[Row]) -> str:
    """All rows as aligned text."""
    lines = [("what", "ours", "peer", "ratio", "goal", ""), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _short(number: float) -> str:
    return f"{number:.3f}" if number < 1 else f"{number:.1f}"
