"""Imports upstream's catalogue through registry, in batches; repeating it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from rich.console import Console

from gateway.catalog_source import Source
from shared.contracts.common import Caller, system_caller
from shared.contracts.registry import ImportedModel, ImportModels, ImportProblem, Registry
from shared.upstream_layout import UpstreamModel, detect, read_models

BATCH = 50
Progress = Callable[[int, int], None]


@dataclass(kw_only=True)
class Imported:
    """What an import came to; `problems` are what could not be imported, with the reason."""

    origin: str
    total: int = 0
    imported: int = 0
    unchanged: int = 0
    problems: list[ImportProblem] = field(default_factory=list)


def import_catalogue(registry: Registry, source: Source, *, progress: Progress | None = None) -> Imported:
    """Every model of the source; `progress(done, total)` after each batch."""
    texts = {path: data.decode("utf-8", errors="surrogateescape") for path, data in source.files.items()}
    models = list(read_models(detect(texts), texts))
    result = Imported(origin=source.origin, total=len(models))
    result.problems += [ImportProblem(name=m.name, reason=m.problem) for m in models if m.problem]
    readable = [model for model in models if not model.problem]
    done = len(models) - len(readable)
    for batch in _batches(readable):
        answer = registry.import_models(ImportModels(origin=source.origin, models=batch), _caller())
        result.imported += answer.imported
        result.unchanged += answer.unchanged
        result.problems += answer.problems
        done += len(batch)
        if progress is not None:
            progress(done, len(models))
    return result


def _batches(models: Sequence[UpstreamModel]) -> Iterator[list[ImportedModel]]:
    """`order` counts within a type, as upstream lists them."""
    counted: dict[str, int] = {}
    ordered = []
    for model in models:
        order = counted.get(model.type, 0)
        counted[model.type] = order + 1
        ordered.append(ImportedModel(type=model.type, name=model.name, document=model.document, order=order))  # type: ignore[arg-type]
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _caller() -> Caller:
    # A new id each time: what is there already is found by its content, also where it changed since.
    return system_caller("import", command_id=str(uuid4()))


def say_imported(result: Imported, console: Console) -> None:
    """What the import came to, each problem on a line of its own."""
    console.print(
        f"{result.imported} models imported from {result.origin}, {result.unchanged} were there already, "
        f"{len(result.problems)} could not be imported",
        highlight=False,
        soft_wrap=True,
    )
    for problem in result.problems:
        console.print(f"  {problem.name}: {problem.reason}", markup=False, highlight=False, soft_wrap=True)
