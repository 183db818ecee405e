"""Compiled messages are what their marshmallow schemas make of them, refusals included."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import marshmallow as ma
import pytest

from shared.contracts import catalog, identity, pr_bot, registry, review, wire
from shared.contracts.compiled import Unusual
from shared.errors import Invalid

PROTOCOLS = {
    "registry": registry.Registry,
    "review": review.Review,
    "identity": identity.Identity,
    "pr_bot": pr_bot.PrBot,
    "catalog": catalog.Catalog,
}
METHODS = [m for name, protocol in PROTOCOLS.items() for m in wire.contract_of(name, protocol).methods.values()]
MESSAGES = sorted(
    {kind for method in METHODS for kind in (method.request, method.answer)}, key=lambda kind: kind.__name__
)
JUNK: tuple[Any, ...] = (
    None,
    "",
    "x",
    "a\0b",
    "\ud800",
    "é",
    0,
    -1,
    2**63,
    1.5,
    float("nan"),
    True,
    [],
    ["x"],
    [None],
    {},
    {"x": 1},
)
SAMPLES: dict[Any, tuple[Any, ...]] = {
    str: ("", "qwen", "通义"),
    int: (0, 7, 2**40),
    float: (0.5, 7.0, 3),
    bool: (True, False),
    Any: (None, "x", {"a": [1, None]}),
    type(None): (None,),
}


def _sample(hint: Any, turn: int) -> Any:
    """A value of that type, another one each turn."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SAMPLES:
        return SAMPLES[hint][turn % len(SAMPLES[hint])]
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{item.name: _sample(hints[item.name], turn + at) for at, item in enumerate(fields(hint))})
    if origin is Literal:
        return arguments[turn % len(arguments)]
    if origin is list:
        return [_sample(arguments[0], turn + at) for at in range(turn % 3)]
    if origin is dict:
        return {"some": _sample(arguments[1], turn)} if turn % 3 else {}
    return _sample(arguments[turn % len(arguments)], turn)


def _read(message: type, data: Any) -> str:
    try:
        return repr(wire.load(message, copy.deepcopy(data)))
    except Invalid as error:
        return repr(error.details["errors"])


def _read_by_schema(schema: ma.Schema, data: Any) -> str:
    try:
        return repr(schema.load(copy.deepcopy(data)))
    except ma.ValidationError as error:
        return repr(list(wire.problems_of(error.messages)))


def _spoilt(written: dict[str, Any]) -> Iterator[Any]:
    yield from (written, {**written, "unheard_of": 1}, {}, [], None)
    for at, name in enumerate(written):
        yield {key: item for key, item in written.items() if key != name}
        for junk in JUNK[at % 2 :: 2]:
            yield {**written, name: junk}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_messages_are_written_and_read_as_their_schema_does(message: type) -> None:
    schema = wire.schema_of(message)()
    for turn in range(3):
        value = _sample(message, turn)
        written = ma.Schema.dump(schema, value)
        assert json.dumps(wire.dump(value)) == json.dumps(written)
        for data in _spoilt(written):
            assert _read(message, data) == _read_by_schema(schema, data)


def test_an_answer_full_of_rows_takes_the_short_way() -> None:
    rows = [
        catalog.ModelRow(name="m", type="llm", description="", visibility="public", state="", revision=1, updated_at=1)
    ]
    page = catalog.ModelPage(items=rows, facets={"type": [catalog.FacetCount(value="llm", count=1)]})
    dump, load = wire._compiled(catalog.ModelPage)
    assert load(dump(page)) == page


def test_what_is_no_message_is_left_to_the_schema() -> None:
    with pytest.raises(Unusual):
        wire._compiled(catalog.FacetCount)[1]([])
