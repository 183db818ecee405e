"""What lists and facets say of a revision, computed once when it is recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shared.model_facts import facts_of

_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`sizes_b` in billions of parameters, ascending; `updated_at` the newest of the records', 0 for none.

    `least_gb`: what the most frugal build wants of memory, 0 where unknown.
    """

    description: str = ""
    abilities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    quantizations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    sizes_b: tuple[float, ...] = ()
    least_gb: float = 0.0
    remote_code: bool = False
    context_length: int = 0
    updated_at: int = 0


def summarize(model_type: str, document: str) -> Summary:
    """The summary of a document that parses: one record or an array of variants."""
    value = json.loads(document)
    facts = facts_of(model_type, value if isinstance(value, list) else [value])
    return Summary(**{name: getattr(facts, name) for name in Summary.__slots__})


def stored(summary: Summary) -> str:
    """The summary as JSON text."""
    return _ENCODER.encode({name: getattr(summary, name) for name in Summary.__slots__})


def summary_from(text: str) -> Summary:
    """The summary again from its stored text."""
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(text).items()}
    return Summary(**fields)
