"""What the browse page's address says, and the addresses its links lead to. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from shared.contracts.catalog import FindModels
from shared.model_facts import TYPES

FACETS = ("ability", "format", "source", "language", "quantization", "engine")
"""The facets with values of the catalogue's own; type is a row of tabs, size a range."""
SIZES: Mapping[str, tuple[float | None, float | None]] = {
    "<1": (None, 0.999),
    "1-8": (1.0, 7.999),
    "8-20": (8.0, 19.999),
    "20-70": (20.0, 69.999),
    ">=70": (70.0, None),
}
"""Catalog's buckets as the ranges its `size_min_b` and `size_max_b` take, ends included."""
SORTS = ("-updated", "name", "size", "relevance")
STATUSES = ("published", "deprecated", "archived", "quarantined", "unpublished")
PER_PAGE: Mapping[str, int] = {"": 20, "cards": 24, "table": 50}
"""By view: rows, which need no word in the address, cards, and a dense table."""
_QUERY_CHARS = 300
_VALUES_AT_MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for. `size` is a key of SIZES; a free range stands in `size_min_b` and `size_max_b`."""

    q: str = ""
    type: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: str = ""
    size_min_b: float | None = None
    size_max_b: float | None = None
    fits_gb: float | None = None
    featured: bool = False
    status: str = ""
    sort: str = ""
    view: str = ""
    page: int = 1

    @property
    def has_range(self) -> bool:
        return self.size_min_b is not None or self.size_max_b is not None

    @property
    def per_page(self) -> int:
        return PER_PAGE[self.view]

    @property
    def order(self) -> str:
        """The order of the list, the default one by its name."""
        return self.sort or default_sort(self.q)

    @property
    def is_plain(self) -> bool:
        """Whether this is the front page: nothing chosen, nothing searched for."""
        return self == Selection(sort=self.sort, view=self.view)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One thing that narrows the list: `kind` is a facet's name, q, type, size, fits_gb, featured or status."""

    kind: str
    value: str


def default_sort(words: str) -> str:
    """The order where none is asked for: words are searched for, so the best match comes first."""
    return "relevance" if words else "-updated"


def read_selection(args: MultiDict[str, str]) -> Selection:
    """What an address asks for; what makes no sense is left out, an address that people share never fails."""
    sizes, words = args.get("size", ""), _clean(args.get("q", ""))
    sort = _one_of(args.get("sort", ""), SORTS)
    return Selection(
        q=words,
        type=_one_of(args.get("type", ""), TYPES),
        choices={name: values for name in FACETS if (values := _values(args.getlist(name)))},
        size=sizes if sizes in SIZES else "",
        size_min_b=_number(args.get("size_min_b", "")),
        size_max_b=_number(args.get("size_max_b", "")),
        fits_gb=_memory(args.getlist("fits_gb")),
        featured=args.get("featured", "") == "true",
        status=_one_of(args.get("status", ""), STATUSES),
        sort="" if sort == default_sort(words) or (sort == "relevance" and not words) else sort,
        view=_one_of(args.get("view", ""), tuple(PER_PAGE)),
        page=_page(args.get("page", "")),
    )


def question(selection: Selection, *, per_page: int | None = None) -> FindModels:
    """The selection as catalog takes it; as many a page as its view shows."""
    low, high = SIZES.get(selection.size, (selection.size_min_b, selection.size_max_b))
    return FindModels(
        q=selection.q,
        type=[selection.type] if selection.type else [],
        size_min_b=low,
        size_max_b=high,
        fits_gb=selection.fits_gb,
        featured=True if selection.featured else None,
        status=cast(Any, selection.status),
        sort=cast(Literal["", "-updated", "name", "size", "relevance"], selection.sort),
        page=selection.page,
        per_page=per_page or selection.per_page,
        **cast(Any, {name: list(values) for name, values in selection.choices.items()}),
    )


def address(selection: Selection) -> str:
    """The page of this selection; what is as by default is not said."""
    pairs: list[tuple[str, str]] = [("q", selection.q), ("type", selection.type)]
    pairs += [(name, value) for name in FACETS for value in selection.choices.get(name, ())]
    pairs += [
        ("size", selection.size),
        ("size_min_b", _plain(selection.size_min_b)),
        ("size_max_b", _plain(selection.size_max_b)),
        ("fits_gb", _plain(selection.fits_gb)),
        ("featured", "true" if selection.featured else ""),
        ("status", selection.status),
        ("sort", selection.sort),
        ("view", selection.view),
        ("page", str(selection.page) if selection.page > 1 else ""),
    ]
    query = urlencode([pair for pair in pairs if pair[1]])
    return f"/models?{query}" if query else "/models"


def with_type(selection: Selection, model_type: str) -> str:
    return address(replace(selection, type=model_type, page=1))


def with_sort(selection: Selection, sort: str) -> str:
    return address(replace(selection, sort="" if sort == default_sort(selection.q) else sort, page=1))


def with_view(selection: Selection, view: str) -> str:
    return address(replace(selection, view=view, page=1))


def on_page(selection: Selection, page: int) -> str:
    return address(replace(selection, page=page))


def filters(selection: Selection, *, with_type: bool = False) -> list[Filter]:
    """Everything that narrows the list, in the order of the page."""
    found = [Filter(kind="type", value=selection.type)] if with_type and selection.type else []
    found += [Filter(kind=name, value=value) for name in FACETS for value in selection.choices.get(name, ())]
    if selection.size:
        found.append(Filter(kind="size", value=selection.size))
    if selection.has_range and not selection.size:
        found.append(Filter(kind="range", value=range_words(selection)))
    if selection.fits_gb is not None:
        found.append(Filter(kind="fits_gb", value=_plain(selection.fits_gb)))
    if selection.featured:
        found.append(Filter(kind="featured", value="true"))
    if selection.status:
        found.append(Filter(kind="status", value=selection.status))
    if selection.q:
        found.append(Filter(kind="q", value=selection.q))
    return found


def range_words(selection: Selection) -> str:
    low, high = _plain(selection.size_min_b), _plain(selection.size_max_b)
    if low and high:
        return f"{low} – {high} B"
    return f"≥ {low} B" if low else f"≤ {high} B"


def without(selection: Selection, taken: Filter) -> Selection:
    """The selection with one filter less, from its first page on."""
    if taken.kind in FACETS:
        left = tuple(value for value in selection.choices.get(taken.kind, ()) if value != taken.value)
        choices = {name: values for name, values in selection.choices.items() if name != taken.kind}
        return replace(selection, choices=choices | ({taken.kind: left} if left else {}), page=1)
    if taken.kind == "range":
        return replace(selection, size_min_b=None, size_max_b=None, page=1)
    empty: Mapping[str, Any] = {"featured": False, "fits_gb": None}
    return replace(selection, page=1, **{taken.kind: empty.get(taken.kind, "")})


def only(selection: Selection, kept: Filter) -> Selection:
    """The selection with one filter and nothing else."""
    for each in filters(selection, with_type=True):
        if each != kept:
            selection = without(selection, each)
    return selection


def cleared(selection: Selection) -> Selection:
    """Nothing chosen but the type, which is the tab one is on."""
    return Selection(type=selection.type, sort=selection.sort, view=selection.view)


def pages_of(total: int, per_page: int) -> int:
    return max(1, math.ceil(total / per_page))


def ordered_sizes(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Catalog's size buckets from small to large, empty ones too."""
    return [(name, counts.get(name, 0)) for name in SIZES]


def _clean(text: str) -> str:
    """Words to search for, on one line and without what no database can hold."""
    flat = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(flat.split())[:_QUERY_CHARS].rstrip()


def _values(given: Sequence[str]) -> tuple[str, ...]:
    clean: Iterable[str] = (_clean(value) for value in given[:_VALUES_AT_MOST])
    return tuple(dict.fromkeys(value for value in clean if value))


def _one_of(value: str, allowed: Sequence[str]) -> str:
    return value if value in allowed else ""


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def _memory(given: Sequence[str]) -> float | None:
    """Gigabytes in tenths, the steps that catalog counts in; what is typed comes after what is picked, and wins."""
    said = [text for text in given if text.strip()]
    number = _number(said[-1]) if said else None
    return round(number, 1) if number is not None and 0.1 <= number <= 1_000_000 else None


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1 else 1


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
