"""Upstream's recorded history as two-way traffic: by turns people on main and the hub, merged in any order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Literal, cast

from services.pr_bot.upstream.catalogue import Catalogue, ParsedFiles
from shared.document import same
from tests.support.github.answering import Refused
from tests.support.pr_bot_world import World, opened_world
from tests.support.real_data import aggregate_files
from tests.support.registry_domain import DomainRegistry
from tests.support.registry_fake import FakeRegistry
from tests.support.replay import Row, canonical, is_no_change, replaced

Layout = Literal["aggregate", "per_model"]
_MOST_OPEN = 3
_OTHERS = 20


class TwoWay:
    """`told` counts what happened. Every step of main is checked: one model changed, and as somebody meant it."""

    def __init__(self, world: World, registry: DomainRegistry, layout: Layout, *, seed: int = 5) -> None:
        self.world = world
        self.registry = registry
        self.layout = layout
        self.told: Counter[str] = Counter()
        self._person = world.person()
        self._random = Random(seed)
        self._parsed = ParsedFiles()
        self._proposed: dict[str, Row] = {}
        self._coming: set[str] = set()

    def play(self, rows: Sequence[Row]) -> None:
        """People and the hub by turns, until all is merged."""
        for number, row in enumerate(rows):
            self._coming = {later["model_name"] for later in rows[number + 1 :]}
            if number % 2:
                self._through_hub(row)
            else:
                self._directly(row)
            while len(self._open()) > _MOST_OPEN:
                self._merge_any()
        while self._open():
            self._merge_any()

    def main(self) -> dict[str, str]:
        """name -> document as main holds it."""
        catalogue = Catalogue(self.world.git, self.world.git.head(), self._parsed)
        return {held.name: held.document for path in catalogue.paths for held in catalogue.models_in(path)}

    def _directly(self, row: Row) -> None:
        """A person commits to main what the row records, and now and then merges before the bot has looked."""
        before = self.main()
        files = self._edited(row)
        if files:
            self._person.commit(files, row["title"])
            self._moved(before, row["model_name"], row["after"])
            self.told["direct"] += 1
        others = [name for name in self._open() if name not in self._coming]
        if others and self._random.random() < 0.3:
            self._merge(self._random.choice(others), fresh=False)
        self._settle()

    def _through_hub(self, row: Row) -> None:
        name = row["model_name"]
        if row["after"] is None:
            self.registry.archives(name)
        else:
            self.registry.submits(name, row["model_type"], canonical(row["after"]))
        self._proposed[name] = row
        self.world.work(name)
        self._approve(name)
        self.told["hub"] += 1
        self.told["noop"] += is_no_change(row)

    def _approve(self, name: str) -> None:
        state = self.world.state(name)
        if self.registry.approves(name):
            assert state.state in ("draft", "noop", "merged"), (name, state.state)
            self.world.work(name)
            self.told["approved"] += 1

    def _merge_any(self) -> None:
        # What changes again is left, so that people and the hub meet in it.
        found = self._open()
        self._merge(self._random.choice([name for name in found if name not in self._coming] or found), fresh=True)
        self._settle()

    def _merge(self, name: str, *, fresh: bool) -> None:
        """A person merges; one that the bot has just looked at is always fit for it."""
        before = self.main()
        last = self.world.state(name).last
        assert last is not None
        if fresh:
            assert self.world.git.commit(last.head_sha).parents == (self.world.git.head(),)
            assert self.world.git.changed(self.world.git.head(), last.head_sha)
        person = self._person if self.world.github is None else self.world
        how = self._random.choice([person.merge, person.squash])
        try:
            how(last.branch)
        except (Refused, AssertionError):
            assert not fresh, f"{name}: a rebuilt request conflicts"
            self.told["refused"] += 1
            return
        desired = self._proposed[name]
        self._moved(before, name, desired["after"])
        self.told["merged" if fresh else "merged unseen"] += 1

    def _settle(self) -> None:
        """The bot and registry hear of main until nothing more follows; what was merged here is approved again."""
        for _ in range(4):
            told = self.world.told
            self.world.look()
            self.world.work()
            for name in self._proposed:
                self._approve(name)
            if self.world.told == told:
                return

    def _open(self) -> list[str]:
        return [
            name for name in self._proposed if self.world.state(name).is_open and self.world.state(name).state == "open"
        ]

    def _moved(self, before: dict[str, str], name: str, after: Any) -> None:
        """Main changed in this one model alone, and to what was meant."""
        now = self.main()
        touched = {key for key in {*before, *now} if before.get(key) != now.get(key)}
        assert touched == {name}, (name, touched)
        if after is None:
            assert name not in now
        else:
            assert same(now[name], canonical([after])), name

    def _edited(self, row: Row) -> dict[str, str | None]:
        name, path = row["model_name"], self._path(row)
        if self.layout == "per_model":
            text = None if row["after"] is None else canonical([row["after"]]) + "\n"
            held = self.world.git.text(self.world.git.head(), path)
            return {} if text == held else {path: text}
        held = self.world.git.text(self.world.git.head(), path)
        text = canonical(replaced(json.loads(held or "[]"), name, row["after"])) + "\n"
        return {} if text == held else {path: text}

    def _path(self, row: Row) -> str:
        if self.layout == "aggregate":
            return str(row["file"])
        return f"xinference/model/{row['model_type']}/models/{row['model_name']}.json"


def first_tree(rows: Sequence[Row], layout: Layout) -> dict[str, str]:
    """Main before the first of these changes."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["model_name"], row)
    if layout == "per_model":
        other = "xinference/model/{}/models/some-other.json"
        files = {other.format(row["model_type"]): canonical([{"model_name": "some-other"}]) + "\n" for row in rows}
        return files | {
            f"xinference/model/{row['model_type']}/models/{name}.json": canonical([row["before"]]) + "\n"
            for name, row in first.items()
            if row["before"] is not None
        }
    # A part of each file is as good, and read a thousand times sooner.
    others = {row["file"]: json.loads(aggregate_files()[row["file"]])[:_OTHERS] for row in rows}
    trees = {path: [record for record in found if record["model_name"] not in first] for path, found in others.items()}
    for name, row in first.items():
        trees[row["file"]] = replaced(trees[row["file"]], name, row["before"])
    return {path: canonical(records) + "\n" for path, records in trees.items()}


def of_one_type(rows: Sequence[Row]) -> list[Row]:
    """Without what gives a name to another type: the hub leaves that to an operator."""
    types: dict[str, str] = {}
    return [row for row in rows if types.setdefault(row["model_name"].lower(), row["model_type"]) == row["model_type"]]


@contextmanager
def hub_world(
    folder: Path, files: Mapping[str, str], *, on: Literal["local", "github"]
) -> Iterator[tuple[World, DomainRegistry]]:
    """A world whose registry has registry's own rules, with all of main imported."""
    with opened_world(folder, files, on=on, imported=False) as world:
        registry = DomainRegistry(folder, lambda: world.now)
        world.close()
        world.registry = cast(FakeRegistry, registry)
        world.restart()
        world.import_main()
        world.look()
        yield world, registry
        registry.close()


@contextmanager
def two_way(folder: Path, rows: Sequence[Row], layout: Layout, *, on: Literal["local", "github"]) -> Iterator[TwoWay]:
    with hub_world(folder, first_tree(rows, layout), on=on) as (world, registry):
        yield TwoWay(world, registry, layout)
