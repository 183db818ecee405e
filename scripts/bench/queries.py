"""Questions as visitors ask them, made of what the data holds; always the same ones for a seed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from scripts.bench.serving import get

LIST = "/api/v1/models"
_FACETS = ("type", "ability", "engine", "format", "quantization", "source", "language")


class Questions:
    """What may be asked of one data set."""

    def __init__(self, data: Path) -> None:
        with closing(sqlite3.connect(data / "peer.db")) as peer:
            self._names = [row[0] for row in peer.execute("SELECT name FROM models ORDER BY id")]
            self._values: dict[str, list[str]] = {facet: [] for facet in _FACETS}
            for facet, value in peer.execute("SELECT facet, value FROM facet_values ORDER BY id"):
                self._values[facet].append(value)

    def lists(self, count: int, *, seed: int) -> list[str]:
        """So many different requests for a page with facets: half with words, most with a filter."""
        chance = random.Random(seed)
        found: dict[str, None] = {}
        while len(found) < count:
            found[f"{LIST}?{urlencode(list(self._question(chance)))}"] = None
        return [get(path) for path in found]

    def details(self, count: int, *, seed: int) -> list[str]:
        names = random.Random(seed).sample(self._names, min(count, len(self._names)))
        return [get(f"{LIST}/{name}") for name in names]

    def _question(self, chance: random.Random) -> Iterator[tuple[str, str]]:
        if chance.random() < 0.5:
            yield "q", self._words(chance)
        for facet in chance.sample(_FACETS, chance.choice((0, 1, 1, 1, 2, 2, 3))):
            yield facet, chance.choice(self._values[facet])
        if chance.random() < 0.15:
            yield "size_min_b", str(chance.choice((1, 3, 7, 14)))
        if chance.random() < 0.3:
            yield "sort", chance.choice(("name", "size", "-updated"))
        if chance.random() < 0.3:
            yield "page", str(chance.randint(2, 5))

    def _words(self, chance: random.Random) -> str:
        """A piece of a model's name, its last word perhaps cut short."""
        words = chance.choice(self._names).replace("_", "-").split("-")
        start = chance.randrange(len(words))
        text = " ".join(words[start : start + chance.choice((1, 1, 2))])
        return text[: max(3, len(text) - 2)] if chance.random() < 0.3 else text
