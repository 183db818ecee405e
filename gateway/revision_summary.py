"""What a revision changed, in a line: how many specs, and which fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import ngettext

from shared.contracts.catalog import Change, ChangedPlace
from shared.document import pointer_tokens

OPS = ("add", "remove", "change")
NAMED = 2
"""Up to so many fields are named; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was added, removed or changed: whole specs, and fields by their names, each once."""

    op: str
    specs: int = 0
    fields: tuple[str, ...] = ()


def parts_of(changes: Sequence[Change | ChangedPlace]) -> tuple[Part, ...]:
    """In the order of OPS, those that there are; a spec that changes inside counts by its fields.

    When the document was last updated is left out: it follows from the rest.
    """
    found = []
    for op in OPS:
        tokens = [_tokens(change.path) for change in changes if change.op == op]
        tokens = [each for each in tokens if each[-1:] != ["updated_at"]]
        specs = [each for each in tokens if len(each) == 2 and each[0] == "model_specs"]
        fields = dict.fromkeys(_field(each) for each in tokens if each and each not in specs)
        if specs or fields:
            found.append(Part(op=op, specs=len(specs), fields=tuple(fields)))
    return tuple(found)


def said(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """(op, words) of each part, as the timeline takes them."""
    for part in parts:
        words = [ngettext("%(num)s spec", "%(num)s specs", part.specs)] if part.specs else []
        if len(part.fields) <= NAMED:
            words += part.fields
        else:
            words.append(ngettext("%(num)s field", "%(num)s fields", len(part.fields)))
        yield part.op, ", ".join(words)


def _tokens(path: str) -> list[str]:
    """The pointer's tokens, without the number of the record."""
    tokens = pointer_tokens(path)
    return tokens[1:] if tokens and tokens[0].isdigit() else tokens


def _field(tokens: Sequence[str]) -> str:
    """The innermost name: a list's number says nothing."""
    return next((token for token in reversed(tokens) if not token.isdigit()), tokens[0])
