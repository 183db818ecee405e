"""Upstream's repository as text: which file holds a model, in both layouts, and what its pull requests are called.

Pure: callers give path -> text and take back path -> new text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared import document as documents
from shared.errors import Invalid

Layout = Literal["aggregate", "per_model"]
Change = Literal["add", "update", "remove"]

MODEL_TYPES = ("llm", "embedding", "rerank", "image", "audio", "video", "world")
ROOT = "xinference/model"
BRANCHES = "chore/models-sync/"
BATCH = "batch-"
NAMES_IN_TITLE = 3

_MODEL_FILE = re.compile(rf"{ROOT}/({'|'.join(MODEL_TYPES)})/models/([^/]+)\.json")
_TITLES = re.compile(
    r'FEAT: \[model\] .* (support|removed)|ENH: update model ".*" JSON|ENH: update \d+ models JSON \(.*\)'
)
_AGGREGATE_FILES = {
    f"{ROOT}/{model_type}/{'llm_family' if model_type == 'llm' else 'model_spec'}.json": model_type
    for model_type in MODEL_TYPES
}


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """One model as a branch holds it, or why it cannot be read (`problem`).

    `document` is the file's exact text in the layout of one file a model; out of an aggregate file it is
    the record's text, moved to the left margin, or an array of the variants in the file's order. Where
    `name` is empty, the file cannot be read from there on: a model missing from it may still be in it.
    """

    type: str
    name: str
    document: str
    path: str
    problem: str | None = None


def detect(paths: Iterable[str]) -> Layout:
    """The layout of a tree with these paths: one file a model as soon as one such file is there, or no spec file."""
    aggregate = False
    for path in paths:
        if _MODEL_FILE.fullmatch(path):
            return "per_model"
        aggregate = aggregate or path in _AGGREGATE_FILES
    return "aggregate" if aggregate else "per_model"


def is_model_file(layout: Layout, path: str) -> bool:
    """Whether the layout keeps models at that path."""
    return path in _AGGREGATE_FILES if layout == "aggregate" else bool(_MODEL_FILE.fullmatch(path))


def path_of(layout: Layout, type: str, name: str) -> str:
    """Where a new model of that type goes; raises `Invalid` for an unknown type or a name that is no file's."""
    if type not in MODEL_TYPES:
        raise Invalid(f"model type {type!r}: expected one of {', '.join(MODEL_TYPES)}")
    if layout == "aggregate":
        return f"{ROOT}/{type}/{'llm_family' if type == 'llm' else 'model_spec'}.json"
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name in {".", ".."}:
        raise Invalid(f"model name {name!r}: expected letters, digits, '.', '_' and '-' to make a file of it")
    return f"{ROOT}/{type}/models/{name}.json"


def read_models(layout: Layout, files: Mapping[str, str]) -> Iterator[UpstreamModel]:
    """Every model of the tree, types in their usual order, then in the order of files and records.

    An aggregate file's records are grouped by name without case, in the order of first appearance. What
    cannot be read comes with its `problem`, and the rest goes on.
    """
    for model_type in MODEL_TYPES:
        for path, text in files.items():
            if layout == "aggregate":
                if _AGGREGATE_FILES.get(path) == model_type:
                    yield from _aggregate_models(model_type, path, text)
            elif (found := _MODEL_FILE.fullmatch(path)) and found.group(1) == model_type:
                yield _file_model(model_type, path, text, stem=found.group(2))


def _file_model(model_type: str, path: str, text: str, *, stem: str) -> UpstreamModel:
    try:
        name = documents.name_of(documents.parse(text)) or stem
    except Invalid as refused:
        return UpstreamModel(type=model_type, name=stem, document=text, path=path, problem=refused.message)
    return UpstreamModel(type=model_type, name=name, document=text, path=path)


def _aggregate_models(model_type: str, path: str, text: str) -> Iterator[UpstreamModel]:
    records, broken = documents.array_records(text)
    groups: dict[str, list[documents.FileRecord]] = {}
    for record in records:
        if record.name is None:
            problem = f"{path}, line {record.line}: expected a record with a model_name, found none"
            yield UpstreamModel(type=model_type, name="", document=record.text, path=path, problem=problem)
        else:
            groups.setdefault(record.name.lower(), []).append(record)
    for group in groups.values():
        yield _grouped_model(model_type, path, group)
    if broken:
        yield UpstreamModel(type=model_type, name="", document="", path=path, problem=f"{path}, {broken}")


def _grouped_model(model_type: str, path: str, group: Sequence[documents.FileRecord]) -> UpstreamModel:
    text, name = documents.array_document(group), group[0].name or ""
    try:
        documents.name_of(documents.parse(text))
    except Invalid as refused:
        return UpstreamModel(type=model_type, name=name, document=text, path=path, problem=refused.message)
    return UpstreamModel(type=model_type, name=name, document=text, path=path)


def write_model(
    layout: Layout,
    files: Mapping[str, str],
    *,
    type: str,
    name: str,
    document: str | None,
) -> dict[str, str | None]:
    """The files that change when the model's records become the document: path -> new text, None to delete.

    Empty where the tree says the same already. A document of None removes the model. Only the model's own
    bytes change. `files` must hold the type's spec files. Raises `Invalid` where a file or the document
    cannot be read.
    """
    path = path_of(layout, type, name) if layout == "aggregate" else _existing_path(files, type, name)
    before = files.get(path)
    if document is None:
        after = documents.splice(before, name=name, document=None) if layout == "aggregate" and before else None
    elif layout == "aggregate":
        after = documents.splice(before or "[]\n", name=name, document=document)
    else:
        after = documents.patch_file(before, document) if before is not None else documents.new_file(document)
    return {} if after == before else {path: after}


def _existing_path(files: Mapping[str, str], model_type: str, name: str) -> str:
    """The file that holds the model: by its own name without case, else by the name inside, else a new one."""
    wanted = path_of("per_model", model_type, name)
    if wanted in files:
        return wanted
    own = [path for path in files if (found := _MODEL_FILE.fullmatch(path)) and found.group(1) == model_type]
    for path in own:
        if path.lower() == wanted.lower():
            return path
    for path in own:
        if name.lower() in files[path].lower() and _file_model(model_type, path, files[path], stem="").name.lower() == (
            name.lower()
        ):
            return path
    return wanted


def slug(name: str) -> str:
    """The name as part of a branch: lower case, dots and whatever else is not `[a-z0-9_-]` turned to dashes."""
    return re.sub(r"[^a-z0-9_-]", "-", name.lower()) or "-"


def branch(name: str, *, login: str | None = None, taken: Collection[str] = ()) -> str:
    """The branch of the model's pull request, `chore/models-sync/[user-<login>/]<slug>`.

    `taken` are the branches of other models. A branch that would equal one of them, or lie above one
    (`user-…` without a login), gets a suffix from the hash of the lower-cased name.
    """
    owner = f"user-{slug(login)}/" if login else ""
    found = f"{BRANCHES}{owner}{slug(name)}"
    lossy = slug(name) != name.lower().replace(".", "-")
    if found in taken or lossy or (not login and slug(name).startswith("user-")):
        digest = hashlib.sha256(name.lower().encode()).hexdigest()[:8]
        return f"{found}-{digest}"
    return found


def batch_branch(owner: str, *, login: str | None = None, taken: Collection[str] = ()) -> str:
    """The branch of the request for several models of the person called `owner`; otherwise as `branch`."""
    return branch(f"{BATCH}{owner}", login=login, taken=taken)


def batch_title(changes: Sequence[tuple[Change, str]]) -> str:
    """The title of a request for several (change, name): adding few is called so, all else an update."""
    names = [name for _, name in changes]
    is_adding = all(change == "add" for change, _ in changes) and len(names) <= NAMES_IN_TITLE
    return title("add" if is_adding else "update", *names)


def is_title(text: str) -> bool:
    """Whether it is in the form of these titles, for whichever models."""
    return bool(_TITLES.fullmatch(text))


def title(change: Change, *names: str) -> str:
    """A pull request's title as upstream has them; raises ValueError without a name."""
    if not names:
        raise ValueError("a pull request's title: expected at least one model name, found none")
    if change == "add":
        return f"FEAT: [model] {', '.join(names)} support"
    if change == "remove":
        return f"FEAT: [model] {', '.join(names)} removed"
    if len(names) == 1:
        return f'ENH: update model "{names[0]}" JSON'
    shown = [f'"{name}"' for name in names[:NAMES_IN_TITLE]]
    more = f", … +{len(names) - NAMES_IN_TITLE} more" if len(names) > NAMES_IN_TITLE else ""
    return f"ENH: update {len(names)} models JSON ({', '.join(shown)}{more})"


def commit_message(
    change: Change,
    *,
    type: str,
    name: str,
    login: str | None = None,
    trailers: Sequence[tuple[str, str]] = (),
) -> str:
    """`[models-hub] Update|Remove <type>:<name>`, upstream's body, and the trailers as `Key: value` lines."""
    verb = "Remove" if change == "remove" else "Update"
    by = f" by user {login}" if login else ""
    lines = [f"[models-hub] {verb} {type}:{name}", "", f'Automated sync for model "{name}" ({type}){by}.']
    if trailers:
        lines += ["", *(f"{key}: {value}" for key, value in trailers)]
    return "\n".join(lines) + "\n"


def batch_message(models: Sequence[tuple[str, str, str | None]], *, trailers: Sequence[tuple[str, str]] = ()) -> str:
    """The commit of several (type, name, login of the submitter), in the form of `commit_message`."""
    shown = ", ".join(f"{type}:{name}" for type, name, _ in models[:NAMES_IN_TITLE])
    more = f", … +{len(models) - NAMES_IN_TITLE} more" if len(models) > NAMES_IN_TITLE else ""
    lines = [f"[models-hub] Update {len(models)} models ({shown}{more})", ""]
    for type, name, login in models:
        by = f" by user {login}" if login else ""
        lines.append(f'Automated sync for model "{name}" ({type}){by}.')
    return "\n".join([*lines, "", *(f"{key}: {value}" for key, value in trailers)]) + "\n"
