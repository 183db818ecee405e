"""The models that upstream holds at one commit, in whichever layout it has there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.pr_bot.upstream import Upstream
from shared import upstream_layout
from shared.errors import Invalid
from shared.upstream_layout import Layout, UpstreamModel

# Every file of the one layout, a few versions of the big files of the other.
_VERSIONS_KEPT = {"aggregate": 24, "per_model": 4096}


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
        self._parsed: dict[tuple[str, str], tuple[UpstreamModel, ...]] = {}

    def models(self, catalogue: Catalogue, path: str) -> tuple[UpstreamModel, ...]:
        key = (path, catalogue.files[path])
        found = self._parsed.get(key)
        if found is None:
            found = tuple(upstream_layout.read_models(catalogue.layout, {path: catalogue.texts[path]}))
            while len(self._parsed) >= _VERSIONS_KEPT[catalogue.layout]:
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = found
        return found


class Texts(Mapping[str, str]):
    """path -> text of the model files at a commit, each read when it is asked for."""

    def __init__(self, upstream: Upstream, commit: str, paths: Sequence[str]) -> None:
        self._upstream = upstream
        self._commit = commit
        self._paths = dict.fromkeys(paths)

    def __getitem__(self, path: str) -> str:
        text = self._upstream.text(self._commit, path) if path in self._paths else None
        if text is None:
            raise KeyError(path)
        return text

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Catalogue:
    """Read-only view of `commit`."""

    def __init__(self, upstream: Upstream, commit: str, parsed: ParsedFiles) -> None:
        self._parsed = parsed
        self.commit = commit
        self.files = upstream.files(commit)
        self.layout: Layout = upstream_layout.detect(self.files)
        self.paths = [path for path in sorted(self.files) if self.is_model_file(path)]
        self.texts = Texts(upstream, commit, self.paths)

    def is_model_file(self, path: str) -> bool:
        return upstream_layout.is_model_file(self.layout, path)

    def models_in(self, path: str) -> Sequence[Held]:
        """Those that can be read, in the file's order."""
        return [held for held in self._all if held.path == path]

    @cached_property
    def problems(self) -> Mapping[str, str]:
        """path -> why something in it cannot be read; what is missing may still be in it."""
        found: dict[str, str] = {}
        for path in self.paths:
            for model in self._parsed.models(self, path):
                if model.problem is not None:
                    found.setdefault(path, model.problem)
        return found

    def find(self, name: str, *, model_type: str) -> Held | None:
        """The model by name in any case, under its own type first, then under any other.

        Raises Invalid where it may be in a file that cannot be read.
        """
        same_name = [held for held in self._all if held.id == name.lower()]
        for held in same_name:
            if held.type == model_type:
                return held
        path = upstream_layout.path_of(self.layout, model_type, name)
        if not same_name and path in self.problems:
            raise Invalid(f"{path} on the target branch cannot be read: {self.problems[path]}; repair it there")
        return same_name[0] if same_name else None

    def change(
        self,
        held: Held | None,
        *,
        model_type: str,
        name: str,
        document: str | None,
        onto: Mapping[str, str | None] | None = None,
    ) -> FileChange:
        """The file with the model's own bytes changed to `document`, or taken out.

        `held` is the model as `find` knows it; `onto` are files as other models' changes have left them. Raises
        Invalid where that is not one file's change.
        """
        path = held.path if held else self._new_path(model_type, name)
        text = (onto or {}).get(path) or self.texts.get(path)
        texts = {} if text is None else {path: text}
        changed = upstream_layout.write_model(self.layout, texts, type=model_type, name=name, document=document)
        if list(changed) != [path]:
            raise Invalid(f"{name}: expected to change {path} of the target branch, found {sorted(changed)}")
        return FileChange(path=path, before=texts.get(path), after=changed[path])

    def _new_path(self, model_type: str, name: str) -> str:
        path = upstream_layout.path_of(self.layout, model_type, name)
        taken = [known for known in self.paths if known.lower() == path.lower()]
        if self.layout == "per_model" and taken:
            raise Invalid(f"{name}: expected no file {path} on the target branch, found {taken[0]} with another model")
        return path

    @cached_property
    def _all(self) -> Sequence[Held]:
        counts: dict[str, int] = {}
        found = []
        for path in self.paths:
            for model in self._parsed.models(self, path):
                order = counts.setdefault(model.type, 0)
                counts[model.type] += 1
                if model.problem is None:
                    found.append(
                        Held(name=model.name, type=model.type, path=path, document=model.document, order=order)
                    )
        return found
