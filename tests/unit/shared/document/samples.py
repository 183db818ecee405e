"""Random records, and texts that spell them in the ways people and programs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

quick = settings(max_examples=50, deadline=None)
"""Property tests stay quick, and never fail for being slow on a busy machine."""

STYLES: list[dict[str, Any]] = [
    {"indent": 2, "ensure_ascii": False},
    {"indent": 4},
    {"indent": "\t"},
    {},
    {"separators": (",", ":")},
    {"indent": 0},
]

KEYS = st.sampled_from(["model_name", "engine", "model_format", "model_lang", "a", "b", "c/d", "~", "", "é"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)


def values(depth: int = 3) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=4 * depth,
    )


def record() -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(KEYS, values(), max_size=5)


def records() -> st.SearchStrategy[Any]:
    return record() | st.lists(record(), min_size=1, max_size=3)


@st.composite
def texts(draw: st.DrawFn, source: st.SearchStrategy[Any]) -> str:
    style = draw(st.sampled_from(STYLES))
    end = draw(st.sampled_from(["", "\n", "\r\n"]))
    text = json.dumps(draw(source), **style)
    return (text.replace("\n", "\r\n") if end == "\r\n" else text) + end


def pointers(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    yield prefix, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield from pointers(inner, prefix + "/" + str(key).replace("~", "~0").replace("/", "~1"))
