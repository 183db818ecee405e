"""Inside a release: what its own loader, reload and classes make of a catalogue.

    probe UNPACKED HOME CATALOGUE.json

CATALOGUE.json: {type: [record, …]}. Prints {"starts", "error", "types": {type: {"results": [error or ""],
"poison": [index], "fatal": {index: error}, "classes", "traits"}}}; traits are measured on the samples.
"""

from __future__ import annotations

import importlib
import json
import sys
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.xinference_client import samples
from scripts.xinference_client.inside import TYPES, load_alone, registered_names, registry, said, stored_list
from scripts.xinference_client.stubs import enter_release

CLASSES = {
    "llm": ("llm.llm_family", "LLMFamilyV2"),
    "world": ("world.core", "WorldModelFamilyV1"),
    **{t: (f"{t}.core", f"{t.title()}ModelFamilyV2") for t in ("embedding", "rerank", "image", "audio", "video")},
}


@contextmanager
def installed(type_: str, records: Sequence[Any]) -> Iterator[str]:
    """Reload with these records as the stored list; gives what it raised, and puts the registry back after."""
    stored, live = stored_list(type_), registry(type_)
    before = list(live) if type_ == "llm" else {name: list(families) for name, families in live.items()}
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    try:
        importlib.import_module(f"xinference.model.{type_}").register_builtin_model()
        yield ""
    except Exception as error:  # noqa: BLE001 - whatever a release raises is the measurement
        yield said(error)
    finally:
        stored.unlink()
        live.clear()
        (live.extend if type_ == "llm" else live.update)(before)


def reload_error(type_: str, records: Sequence[Any]) -> str:
    with installed(type_, records) as error:
        return error


def culprits(type_: str, records: dict[int, Any]) -> dict[int, str]:
    """{index: error} of the records that alone make the reload raise, found by halving."""
    error = reload_error(type_, list(records.values()))
    if not error or len(records) == 1:
        return dict.fromkeys(records, error) if error else {}
    half = len(records) // 2
    items = list(records.items())
    return culprits(type_, dict(items[:half])) | culprits(type_, dict(items[half:]))


def measure(type_: str, records: Sequence[Any]) -> dict[str, Any]:
    alone = [load_alone(type_, [record]) for record in records]
    good = samples.sample(type_)
    refused = [n for n, one in enumerate(alone) if one.error]
    loaded = {n: records[n] for n, one in enumerate(alone) if not one.error}
    return {
        "results": [one.error for one in alone],
        "poison": [n for n in refused if not load_alone(type_, [good, records[n]]).families],
        "fatal": culprits(type_, loaded) if loaded else {},
        "classes": classes(type_),
        "traits": traits(type_),
    }


def traits(type_: str) -> dict[str, bool]:
    """Yes or no to each question on which releases differ; names are those of the table's rules."""
    specs = type_ in ("llm", "embedding", "rerank")
    packaged = min(registered_names(type_))
    found = {
        "plain": not reload_error(type_, [samples.sample(type_)]),
        "listed_options": not load_alone(type_, [samples.listed_option(type_)]).error,
        "stamp_any_name": bool(reload_error(type_, [samples.without_stamp(type_, "hub-sample")])),
        "stamp_packaged_name": bool(reload_error(type_, [samples.without_stamp(type_, packaged)])),
        "keeps_variants": not specs and keeps_variants(type_, packaged),
        "needs_huggingface": not specs and bool(reload_error(type_, [samples.other_hub(type_)])),
        "inner_specs": not specs and bool(load_alone(type_, [samples.inner_specs(type_)]).families),
    }
    for form in ("vision", f"{'embed' if type_ == 'embedding' else type_}_vision"):
        found[f"ability {form}"] = not load_alone(type_, [samples.sample(type_, model_ability=[form])]).error
    return found


def keeps_variants(type_: str, packaged: str) -> bool:
    """Whether of a packaged name a downloaded record survives beside a newer one of another engine."""
    with installed(type_, samples.variants(type_, packaged)) as error:
        kept = {getattr(family, "engine", None) for family in registry(type_).get(packaged, ())}
        return not error and {"sample-a", "sample-b"} <= kept


def classes(type_: str) -> dict[str, Any]:
    """{class: {"required": [field], "enums": {field: [value]}}} of the type's family and its specs."""
    module_name, family = CLASSES[type_]
    module = importlib.import_module(f"xinference.model.{module_name}")
    specs = [name for name, member in vars(module).items() if "Spec" in name and _is_model(member, module.__name__)]
    return {name: _described(getattr(module, name)) for name in [family, *specs]}


def _is_model(member: object, module: str) -> bool:
    has_fields = hasattr(member, "__fields__") or hasattr(member, "model_fields")
    return isinstance(member, type) and member.__module__ == module and has_fields


def _described(model: Any) -> dict[str, Any]:
    fields = model.__fields__
    hints = typing.get_type_hints(model) if all(_resolves(model)) else model.__annotations__
    enums = {name: sorted(set(_literals(hints.get(name))), key=str) for name in fields}
    required = sorted(name for name, field in fields.items() if field.required)
    return {"required": required, "enums": {name: values for name, values in enums.items() if values}}


def _resolves(model: Any) -> Iterator[bool]:
    """False where an annotation names what its module does not hold (a cycle the release resolves later)."""
    try:
        typing.get_type_hints(model)
    except Exception:  # noqa: BLE001 - any failure to resolve means: read the annotations as they are
        yield False
    yield True


def _literals(hint: object) -> Iterator[Any]:
    if typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
    else:
        for part in typing.get_args(hint):
            yield from _literals(part)


def main(unpacked: str, home: str, catalogue: str) -> dict[str, Any]:
    enter_release(Path(unpacked), home=Path(home))
    try:
        importlib.import_module("xinference.model")
    except Exception as error:  # noqa: BLE001 - whatever a release raises is the measurement
        return {"starts": False, "error": said(error), "types": {}}
    asked = json.loads(Path(catalogue).read_text(encoding="utf-8"))
    there = [type_ for type_ in TYPES if (Path(unpacked) / "xinference" / "model" / type_ / "__init__.py").exists()]
    return {"starts": True, "error": "", "types": {type_: measure(type_, asked[type_]) for type_ in there}}


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:4])))
