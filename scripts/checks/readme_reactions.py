"""README's table of who reacts to what is made from the policies' dicts, `REACTIONS` in `services/*/policies.py`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.checks import readme_section

SECTION = "reactions"


class NoReactions(Exception):
    """A service's policies do not say what they react to in the agreed form."""


def _reactions(service: str) -> Mapping[type, Callable[..., Any]]:
    module = importlib.import_module(f"services.{service}.policies")
    reactions = getattr(module, "REACTIONS", None)
    if not isinstance(reactions, Mapping):
        raise NoReactions(f"services/{service}/policies.py: expected REACTIONS, a dict from event class to use case")
    return reactions


def _named(event: type) -> str:
    return f"{event.__module__.removeprefix('shared.events.')}.{event.__name__}"


def _row(service: str, reaction: Callable[..., Any], events: list[str]) -> str:
    name = getattr(reaction, "__name__", "")
    says = (inspect.getdoc(reaction) or "").partition("\n")[0].rstrip(".")
    if not name.isidentifier() or not says or isinstance(reaction, type):
        raise NoReactions(f"services/{service}/policies.py: a reaction to {events[0]} needs a name and a docstring")
    return (
        f"| {', '.join(f'`{event}`' for event in events)} | {service}: `{name}` | {says.replace('|', chr(92) + '|')} |"
    )


def content(root: Path) -> str:
    """The table, in the policies' own order; a use case with several events is one row. Raises NoReactions."""
    rows = ["| whenever | then | which |", "|---|---|---|"]
    for policies in sorted(root.glob("services/*/policies.py")):
        service = policies.parent.name
        grouped: dict[Callable[..., Any], list[str]] = {}
        for event, reaction in _reactions(service).items():
            grouped.setdefault(reaction, []).append(_named(event))
        rows += [_row(service, reaction, events) for reaction, events in grouped.items()]
    return "\n".join(rows) + "\n"


def problems(root: Path) -> list[str]:
    """A sentence where the table differs, or where it cannot be made while README shows one."""
    try:
        return readme_section.differs(root, SECTION, content(root))
    except NoReactions as problem:
        return [str(problem)]
