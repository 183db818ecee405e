"""The models that upstream holds at one commit, in whichever layout it has there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.upstream_layout import Layout

from services.pr_bot.upstream import Upstream
from shared import upstream_layout

_FILES_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One model as main holds it. `order` counts from 0 in upstream's list of its type."""

    name: str
    type: str
    path: str
    document: str
    order: int

    @property
    def id(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The one file that a change of one model touches; `after` is None where the file goes."""

    path: str
    before: str | None
    after: str | None


class ParsedFiles:
    """The models of each file version, parsed once; shared by all catalogues of a repository."""

    def __init__(self) -> None:
        self._parsed: dict[tuple[str, str], tuple[Held, ...]] = {}

    def models(self, upstream: Upstream, commit: str, *, layout: Layout, path: str, blob: str) -> tuple[Held, ...]:
        """Raises Invalid where the file is no list of models."""
        key = (path, blob)
        if key not in self._parsed:
            text = upstream.text(commit, path) or ""
            parsed = tuple(_held(layout, path, text))
            while len(self._parsed) >= _FILES_KEPT * (1 if layout == "aggregate" else 32):
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = parsed
        return self._parsed[key]


class Catalogue:
    """Read-only view of `commit`."""

    def __init__(self, upstream: Upstream, commit: str, parsed: ParsedFiles) -> None:
        self._upstream = upstream
        self._parsed = parsed
        self.commit = commit
        self.files = upstream.files(commit)

    @cached_property
    def layout(self) -> Layout:
        return upstream_layout.detect(self.files)

    @cached_property
    def paths(self) -> Sequence[str]:
        """Every model file of the layout, in order of path."""
        return [path for path in sorted(self.files) if self.is_model_file(path)]

    def is_model_file(self, path: str) -> bool:
        return upstream_layout.type_of(self.layout, path) is not None

    def models_in(self, path: str) -> Sequence[Held]:
        """In the file's order. Raises Invalid where the file cannot be read as models."""
        blob = self.files.get(path)
        if blob is None:
            return ()
        return self._parsed.models(self._upstream, self.commit, layout=self.layout, path=path, blob=blob)

    def find(self, name: str, *, model_type: str) -> Held | None:
        """The model by name in any case, under its own type first, then under any other."""
        own = self.path_of(model_type, name)
        others = (path for path in self._candidates(name) if path != own)
        for path in (own, *others):
            for held in self.models_in(path):
                if held.id == name.lower():
                    return held
        return None

    def path_of(self, model_type: str, name: str) -> str:
        """Where the model is, or would be put; an existing file's spelling wins over the name's."""
        path = upstream_layout.path_of(self.layout, model_type, name)
        if path in self.files:
            return path
        return next((known for known in self.paths if known.lower() == path.lower()), path)

    def change(self, *, model_type: str, name: str, document: str | None) -> FileChange:
        """The file with the model's own bytes changed to `document`, or taken out."""
        path = self.path_of(model_type, name)
        before = self._upstream.text(self.commit, path) if path in self.files else None
        after = upstream_layout.write_model(self.layout, before, name, document)
        return FileChange(path=path, before=before, after=after)

    def _candidates(self, name: str) -> Iterator[str]:
        if self.layout == "aggregate":
            yield from self.paths
            return
        wanted = f"/{name.lower()}.json"
        yield from (path for path in self.paths if path.lower().endswith(wanted))


def _held(layout: Layout, path: str, text: str) -> Iterator[Held]:
    for found in upstream_layout.read_models(layout, path, text):
        yield Held(name=found.name, type=found.type, path=path, document=found.document, order=found.order)
