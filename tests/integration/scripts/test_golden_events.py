"""A stored event stays readable for ever: the check that `make check` runs, seen to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.golden_events import FOLDER, Module, check, modules, write

Upcasters = dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]]


@dataclass(frozen=True)
class Part:
    size: int


@dataclass(frozen=True)
class Made:
    name: str
    parts: tuple[Part, ...]
    note: str = ""


@dataclass(frozen=True)
class MadeWithMore(Made):
    weight: int = 0


@dataclass(frozen=True)
class MadeWithRequired:
    name: str
    parts: tuple[Part, ...]
    maker: str
    note: str = ""


@dataclass(frozen=True)
class MadeWithLess:
    name: str


@dataclass(frozen=True)
class MadeWithNumber:
    name: int
    parts: tuple[Part, ...]
    note: str = ""


@dataclass(frozen=True)
class MadeWithOtherDefault:
    name: str
    parts: tuple[Part, ...]
    note: str = "none"


@dataclass(frozen=True)
class TextPart:
    size: str


@dataclass(frozen=True)
class MadeOfTextParts:
    name: str
    parts: tuple[TextPart, ...]
    note: str = ""


NAME = "hub.sample.Made.v1"


def module(event: type, name: str = NAME, upcasters: Upcasters | None = None) -> list[Module]:
    return [Module({name: event}, upcasters or {})]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert write(module(Made), tmp_path / "golden") == []
    return tmp_path / "golden"


def test_events_of_the_hub_are_all_frozen_and_readable() -> None:
    assert check(modules(), FOLDER) == []


def test_new_event_without_a_golden_file_is_named(tmp_path: Path) -> None:
    faults = check(module(Made), tmp_path)
    assert len(faults) == 2
    assert all(fault.startswith(f"{NAME}: expected") and "--write" in fault for fault in faults)


def test_additional_field_needs_no_version_but_is_frozen_too(folder: Path) -> None:
    (fault,) = check(module(MadeWithMore), folder)
    assert "fields were added" in fault
    golden = (folder / f"{NAME}.json").read_text()
    assert write(module(MadeWithMore), folder) == []
    assert (folder / f"{NAME}.json").read_text() == golden
    assert any("weight was removed" in fault for fault in check(module(Made), folder))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (MadeWithRequired, ".maker is required and was not"),
        (MadeWithLess, ".parts was removed"),
        (MadeWithNumber, ".name changed from"),
        (MadeWithOtherDefault, ".note has another default"),
        (MadeOfTextParts, ".parts[].size changed from"),
    ],
)
def test_any_other_change_needs_a_version_and_is_not_written_over(folder: Path, changed: type, fault: str) -> None:
    for faults in (check(module(changed), folder), write(module(changed), folder), check(module(changed), folder)):
        assert any(fault in each and "new version" in each for each in faults), faults


def test_new_version_with_an_upcaster_reads_the_old_golden_event(folder: Path) -> None:
    upcasters: Upcasters = {NAME: lambda data: ("hub.sample.Made.v2", {"name": data["name"]})}
    assert write(module(MadeWithLess, "hub.sample.Made.v2", upcasters), folder) == []
    assert len(list(folder.glob("*.v1.json"))) == 1


def test_upcaster_that_leads_nowhere_is_named(folder: Path) -> None:
    upcasters: Upcasters = {NAME: lambda data: ("hub.sample.Make.v1", data)}
    faults = write(module(MadeWithLess, "hub.sample.Other.v1", upcasters), folder)
    assert any("leads to hub.sample.Make.v1" in fault for fault in faults)


def test_version_that_lost_its_class_is_named(folder: Path) -> None:
    faults = write(module(MadeWithLess, "hub.sample.Made.v2"), folder)
    assert any(fault.startswith(f"{NAME}: expected a class or an upcaster") for fault in faults)
