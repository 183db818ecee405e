"""Browse: search, facets, chips, pages; the address is the whole state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from gateway.auth import read_caller
from gateway.browsing import (
    FACETS,
    SIZES,
    Filter,
    Selection,
    address,
    cleared,
    filters,
    on_page,
    only,
    ordered_sizes,
    pages_of,
    question,
    read_selection,
    with_sort,
    with_type,
    with_view,
    without,
)
from gateway.clients import calls
from gateway.figures import gigabytes
from gateway.states import format_word, look_of, type_word
from shared.contracts.catalog import FacetCount, FindModels, ModelPage
from shared.contracts.common import Empty
from shared.model_facts import TYPES
from shared.model_memory import MEMORIES_GB

SHELF = 4
_OPEN = {"ability", "format", "source"}

blueprint = Blueprint("browse", __name__)


@blueprint.get("/")
@blueprint.get("/models")
def browse() -> str:
    """The list as the address asks for it; a page behind the last one shows the last."""
    selection = read_selection(request.args)
    found = _find(question(selection))
    if not found.items and found.total:
        selection = replace(selection, page=min(selection.page, pages_of(found.total, selection.per_page)))
        found = _find(question(selection))
    taken = filters(selection)
    return render_template(
        "browse.html",
        selection=selection,
        found=found,
        title=_title(selection),
        tabs=_type_tabs(selection, found),
        facets=_facets(selection, found),
        sizes=_sizes(selection, found),
        memories=_memories(selection, found),
        views=_views(selection),
        chips=[_chip(selection, each) for each in taken],
        clear_href=address(cleared(selection)),
        shelf=_shelf(selection),
        empty=_empty(selection) if not found.total else None,
        page_href=lambda page: on_page(selection, page),
        sort_href=lambda sort: with_sort(selection, sort),
        per_page=selection.per_page,
        rebuilding=calls().catalog.version(Empty(), read_caller()).rebuilding,
    )


def _find(asked: FindModels) -> ModelPage:
    return calls().catalog.models(asked, read_caller())


def _title(selection: Selection) -> str:
    title = _("%(type)s models", type=type_word(selection.type)) if selection.type else _("Models")
    return str(title)


def _shelf(selection: Selection) -> list[Any]:
    """What operators put forward; on the front page alone."""
    if not selection.is_plain:
        return []
    return _find(FindModels(featured=True, per_page=SHELF)).items


def _type_tabs(selection: Selection, found: ModelPage) -> list[dict[str, Any]]:
    """The counts are what a tab shows with all the other filters as they are."""
    counts = {item.value: item.count for item in found.facets.get("type", [])}
    tabs = [{"href": with_type(selection, ""), "word": _("All"), "count": sum(counts.values())}]
    tabs += [
        {"href": with_type(selection, name), "word": type_word(name), "count": counts.get(name, 0)} for name in TYPES
    ]
    for tab, name in zip(tabs, ("", *TYPES), strict=True):
        tab["current"] = selection.type == name
    return tabs


def _facets(selection: Selection, found: ModelPage) -> list[dict[str, Any]]:
    """Facets that have something to choose, or something chosen."""
    titles = _facet_titles()
    shown = []
    for name in FACETS:
        values = found.facets.get(name, [])
        chosen = list(selection.choices.get(name, ()))
        if values or chosen:
            words = _value_words(name, values, chosen)
            shown.append(
                {
                    "name": name,
                    "title": titles[name],
                    "values": values,
                    "selected": chosen,
                    "words": words,
                    "open": name in _OPEN,
                }
            )
    return shown


def _facet_titles() -> Mapping[str, str]:
    return {
        "ability": _("Ability"),
        "size": _("Size"),
        "range": _("Size"),
        "fits_gb": _("Memory"),
        "format": _("Format"),
        "source": _("Source"),
        "language": _("Language"),
        "quantization": _("Quantization"),
        "engine": _("Engine"),
        "type": _("Type"),
        "q": _("Search"),
        "status": _("State"),
        "featured": _("Shelf"),
    }


def _value_words(name: str, values: list[FacetCount], chosen: list[str]) -> Mapping[str, str]:
    known = [*chosen, *(item.value for item in values)]
    if name == "format":
        return {value: format_word(value) for value in known}
    if name == "language":
        locale = get_locale()
        names = locale.languages if locale else {}
        return {value: f"{names[value]} ({value})" for value in known if value in names}
    return {}


def _sizes(selection: Selection, found: ModelPage) -> list[dict[str, Any]]:
    """Ranges exclude each other, so each is counted as if no other were chosen."""
    if not selection.size and not selection.has_range:
        counted = found.facets.get("size", [])
    else:
        free = replace(selection, size="", size_min_b=None, size_max_b=None, page=1)
        counted = _find(question(free, per_page=1)).facets.get("size", [])
    counts = {item.value: item.count for item in counted}
    if not counts and not selection.size:
        return []
    return [
        {"value": name, "word": size_word(name), "count": count, "current": name == selection.size}
        for name, count in ordered_sizes(counts)
    ]


def _memories(selection: Selection, found: ModelPage) -> list[dict[str, Any]]:
    """What fits how much; a memory of the reader's own stands among the usual ones."""
    counts = {float(item.value): item.count for item in found.facets.get("fits_gb", [])}
    chosen = selection.fits_gb
    if not counts and chosen is None:
        return []
    known = {float(each): counts.get(float(each), 0) for each in MEMORIES_GB}
    if chosen is not None:
        known.setdefault(chosen, found.total)
    return [
        {"value": f"{each:g}", "word": gigabytes(each), "count": count, "current": each == chosen}
        for each, count in sorted(known.items())
    ]


def _views(selection: Selection) -> list[dict[str, Any]]:
    words = {"": (_("Rows"), "rows"), "cards": (_("Cards"), "apps"), "table": (_("Table"), "table")}
    return [
        {"href": with_view(selection, view), "word": word, "icon": icon, "current": view == selection.view}
        for view, (word, icon) in words.items()
    ]


def size_word(name: str) -> str:
    low, high = SIZES[name]
    if low is None:
        return str(_("under %(size)s", size="1 B"))
    if high is None:
        return str(_("%(size)s and more", size=f"{low:g} B"))
    return f"{low:g} – {high:.0f} B"


def _chip(selection: Selection, taken: Filter) -> dict[str, str]:
    return {
        "kind": taken.kind,
        "label": _facet_titles()[taken.kind],
        "value": _filter_value(taken),
        "href": address(without(selection, taken)),
    }


def _filter_value(taken: Filter) -> str:
    match taken.kind:
        case "format":
            return format_word(taken.value)
        case "fits_gb":
            return gigabytes(float(taken.value))
        case "size":
            return size_word(taken.value)
        case "type":
            return str(type_word(taken.value))
        case "status":
            return str(look_of("model", taken.value).word)
        case "featured":
            return str(_("Featured"))
        case "language":
            locale = get_locale()
            return str(locale.languages.get(taken.value, taken.value)) if locale else taken.value
        case _:
            return taken.value


def _empty(selection: Selection) -> dict[str, Any]:
    """What to take away to see something, and how many models that gives: the most helpful first."""
    taken = filters(selection, with_type=True)
    helpful = {each: count for each in taken if (count := _count(without(selection, each)))}
    ways = [_way(_("Remove %(filter)s"), each, count, without(selection, each)) for each, count in helpful.items()]
    if not ways and len(taken) > 1:
        alone = {each: only(selection, each) for each in taken}
        ways = [_way(_("Only %(filter)s"), each, n, left) for each, left in alone.items() if (n := _count(left))]
    ways.sort(key=lambda way: -int(way["count"]))
    return {
        "title": _empty_title(selection, len(taken)),
        "text": _empty_text(taken, helpful),
        "ways": ways,
        "clear_href": address(Selection()) if taken else "",
    }


def _count(selection: Selection) -> int:
    return _find(question(selection, per_page=1)).total


def _way(words: str, each: Filter, count: int, left: Selection) -> dict[str, Any]:
    name = f"{_facet_titles()[each.kind]}: {_filter_value(each)}"
    keeps_words = each.kind != "q" and bool(left.q)
    return {"word": words % {"filter": name}, "count": count, "href": address(left), "keeps_words": keeps_words}


def _empty_text(taken: list[Filter], helpful: Mapping[Filter, int]) -> str:
    if not helpful:
        return str(_("Removing a single filter gives none.")) if len(taken) > 1 else ""
    best = max(helpful, key=lambda each: helpful[each])
    text: str = ngettext(
        "Without “%(filter)s” there is %(num)s match.",
        "Without “%(filter)s” there are %(num)s matches.",
        helpful[best],
        filter=_filter_value(best),
    )
    useless = [f"“{_filter_value(each)}”" for each in taken if each not in helpful]
    if useless:
        text += " " + _("Removing %(filters)s alone gives none.", filters=", ".join(useless))
    return text


def _empty_title(selection: Selection, count: int) -> str:
    if count == 1 and selection.q:
        return str(_("No model matches “%(words)s”", words=selection.q))
    if count == 0:
        return str(_("There are no models yet"))
    return str(ngettext("No model matches this filter", "No model matches all %(num)s filters", count))
