"""Keeps every stored version of every event readable: one golden event and one frozen schema for each.

`golden_events.py` compares and exits with 1 where a class changed otherwise than by a new version
or an additional field with a default. `golden_events.py --write` adds what is missing; it never
rewrites a golden event, and refuses what the comparison refuses.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import sys
import types as python_types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import events as event_modules
from shared.errors import HubError
from shared.event_store.interface import UnknownEvent
from shared.event_store.serialization import EventTypes, Upcaster, schema_of

FOLDER = Path(__file__).parents[1] / "tests" / "golden" / "events"
_SAMPLES: dict[type, Any] = {str: "text", int: 1, float: 0.5, bool: True, python_types.NoneType: None}


@dataclass(frozen=True, slots=True)
class Module:
    """What a module of `shared.events` exports."""

    events: dict[str, type]
    upcasters: dict[str, Upcaster]


@dataclass(frozen=True, slots=True)
class Golden:
    """The two files of one wire name."""

    name: str
    folder: Path

    @property
    def event(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def schema(self) -> Path:
        return self.folder / f"{self.name}.schema.json"


def modules() -> list[Module]:
    """Every service's events."""
    found = [
        importlib.import_module(f"shared.events.{each.name}") for each in pkgutil.iter_modules(event_modules.__path__)
    ]
    return [Module(each.EVENTS, each.UPCASTERS) for each in found]


def check(found: list[Module], folder: Path) -> list[str]:
    """One line for each fault, none where every version ever stored is read as it must be."""
    return [fault for module in found for fault in _faults(module, folder)] + list(_orphans(found, folder))


def write(found: list[Module], folder: Path) -> list[str]:
    """Adds missing golden events and schemas, and fields a class has gained; the faults it cannot mend."""
    folder.mkdir(parents=True, exist_ok=True)
    for module in found:
        for name, event in module.events.items():
            golden = Golden(name, folder)
            if not golden.event.exists():
                _dump(golden.event, {"type": name, "data": _sample(event)})
            if not golden.schema.exists() or not _differences(_frozen(golden), _schema(event)):
                _dump(golden.schema, _schema(event))
    return check(found, folder)


def _faults(module: Module, folder: Path) -> Iterator[str]:
    known = EventTypes(module.events, module.upcasters)
    for name in (*module.events, *module.upcasters):
        golden = Golden(name, folder)
        if not golden.event.exists():
            yield f"{name}: expected a golden event, found none; run scripts/golden_events.py --write"
        else:
            yield from _unreadable(golden, known)
    for name, event in module.events.items():
        golden = Golden(name, folder)
        if not golden.schema.exists():
            yield f"{name}: expected a frozen schema, found none; run scripts/golden_events.py --write"
        elif differences := _differences(_frozen(golden), _schema(event)):
            yield from (f"{name}: {each}; give the class a new version and an upcaster" for each in differences)
        elif _frozen(golden) != _schema(event):
            yield f"{name}: fields were added; run scripts/golden_events.py --write to freeze them"


def _unreadable(golden: Golden, known: EventTypes) -> Iterator[str]:
    stored = json.loads(golden.event.read_text())
    try:
        _, event = known.from_data(stored["type"], stored["data"])
    except HubError as error:
        yield f"{golden.name}: the golden event is no longer readable: {error.message}"
        return
    if isinstance(event, UnknownEvent):
        yield f"{golden.name}: the golden event leads to {event.type}, which has no class"


def _orphans(found: list[Module], folder: Path) -> Iterator[str]:
    """Versions that were stored once and have neither class nor upcaster any more."""
    known = {name for module in found for name in (*module.events, *module.upcasters)}
    for path in sorted(folder.glob("*.json")):
        name = path.name.removesuffix(".json").removesuffix(".schema")
        if name not in known:
            yield f"{name}: expected a class or an upcaster for a version that was stored once, found none"


def _differences(frozen: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
    """What is more than an additional property with a default."""
    if frozen.get("type") == schema.get("type") == "object" and "properties" in frozen and "properties" in schema:
        return _object_differences(frozen, schema, path)
    if frozen.get("type") == schema.get("type") == "array":
        return _differences(frozen["items"], schema["items"], f"{path}[]")
    if _without_default(frozen) == _without_default(schema):
        return []
    return [f"{path or 'the event'} changed from {json.dumps(frozen)} to {json.dumps(schema)}"]


def _object_differences(frozen: dict[str, Any], schema: dict[str, Any], path: str) -> list[str]:
    old, new = frozen["properties"], schema["properties"]
    found = [f"{path}.{name} was removed" for name in old.keys() - new.keys()]
    required = set(schema["required"]) - set(frozen["required"])
    found += [f"{path}.{name} is required and was not" for name in required]
    for name in old.keys() & new.keys():
        found += _differences(old[name], new[name], f"{path}.{name}")
        if "default" in old[name] and "default" in new[name] and old[name]["default"] != new[name]["default"]:
            found.append(f"{path}.{name} has another default, so old events would read differently")
    return sorted(found)


def _without_default(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("default", "title")}


def _schema(event: type) -> dict[str, Any]:
    """Without descriptions: words may change."""
    return typing.cast(dict[str, Any], _undescribed(schema_of(event)))


def _undescribed(value: Any) -> Any:
    if isinstance(value, dict):
        # A property may be called description; the schema keyword's value is text, a property's is a schema.
        return {
            key: _undescribed(each) for key, each in value.items() if key != "description" or not isinstance(each, str)
        }
    return [_undescribed(each) for each in value] if isinstance(value, list) else value


def _frozen(golden: Golden) -> dict[str, Any]:
    return typing.cast(dict[str, Any], json.loads(golden.schema.read_text()))


def _sample(kind: Any) -> Any:
    """A value in which every field is set."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {field.name: _sample(hints[field.name]) for field in dataclasses.fields(kind)}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return [_sample(arguments[0])]
    if origin is dict:
        return {"key": _sample(arguments[1])}
    return _sample(arguments[0]) if arguments else _SAMPLES.get(kind)


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def main(arguments: list[str]) -> int:
    """0 where all is well; prints each fault otherwise."""
    faults = (write if arguments == ["--write"] else check)(modules(), FOLDER)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
