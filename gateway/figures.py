"""Numbers for people, and the geometry of the size ladder. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_B, MOST_B = 0.1, 2000.0
WIDTH, EDGE = 120.0, 3.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """Dots on a log axis from 0.1 to 2,000 billion parameters, in the units of a 120 x 10 view box."""

    dots: tuple[float, ...]
    ticks: tuple[float, ...]
    left: float
    right: float
    words: str
    count: int


def ladder_x(size_b: float) -> float:
    """Where a size stands; sizes off the axis stand at its ends."""
    clipped = min(max(size_b, LEAST_B), MOST_B)
    share = math.log(clipped / LEAST_B) / math.log(MOST_B / LEAST_B)
    return round(EDGE + share * (WIDTH - 2 * EDGE), 1)


def ladder(sizes_b: Sequence[float]) -> Ladder | None:
    """None where a model states no size."""
    sizes = sorted({size for size in sizes_b if size > 0 and math.isfinite(size)})
    if not sizes:
        return None
    dots = tuple(dict.fromkeys(ladder_x(size) for size in sizes))
    ticks = tuple(ladder_x(size) for size in (1.0, 10.0, 100.0, 1000.0))
    return Ladder(dots, ticks, EDGE, WIDTH - EDGE, size_range(sizes), len(sizes))


def plain(number: float) -> str:
    """At most three significant digits, no trailing zeros: 0.6, 1.2, 753."""
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def parameters(size_b: float) -> str:
    """Billions of parameters as people say them: 22 M, 0.6 B, 753 B, 1.6 T."""
    if size_b < 0.1:
        return f"{plain(size_b * 1000)} M"
    return f"{plain(size_b / 1000)} T" if size_b >= 1000 else f"{plain(size_b)} B"


def size_range(sizes_b: Sequence[float]) -> str:
    """`0.8–397 B`; both units where they differ."""
    least, most = parameters(min(sizes_b)), parameters(max(sizes_b))
    if least == most:
        return most
    if least.rsplit(" ", 1)[1] == most.rsplit(" ", 1)[1]:
        return f"{least.rsplit(' ', 1)[0]}–{most}"
    return f"{least} – {most}"


def context(tokens: int) -> str:
    """A context length: 40K, 256K, 1M. Powers of two count in 1,024s, others in 1,000s."""
    unit = 1024 if tokens % 1024 == 0 else 1000
    if tokens >= unit * unit:
        return f"{plain(tokens / unit / unit)}M"
    return f"{plain(tokens / unit)}K" if tokens >= unit else str(tokens)


def gigabytes(gigabytes: float) -> str:
    """An amount of memory: 0.5 GB, 24 GB, 1.3 TB."""
    return f"{plain(gigabytes / 1000)} TB" if gigabytes >= 1000 else f"{plain(gigabytes)} GB"


def byte_size(size_bytes: int) -> str:
    """57 kB, 1.2 MB; decimal, as file managers and browsers say it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= scale:
            return f"{plain(size_bytes / scale)} {unit}"
    return f"{size_bytes} B"


def initials(name: str) -> str:
    """One or two letters for an avatar; a Chinese name gives its last character."""
    words = name.replace("-", " ").replace("_", " ").replace(".", " ").split()
    if not words:
        return "?"
    if not name.isascii():
        return words[-1][-1]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The pages a pager links: ends, neighbours, None for a gap."""
    wanted = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)})
    numbers: list[int | None] = []
    for number in wanted:
        last = numbers[-1] if numbers else None
        if last is not None and number == last + 2:
            numbers.append(last + 1)
        elif last is not None and number > last + 1:
            numbers.append(None)
        numbers.append(number)
    return numbers
