"""Search: one tantivy index in memory, fed from the projection's tables, and the facets' counts beside it.

Ranking: the exact name, then name over description over README; a typing error is forgiven, the
last word counts as the beginning of one. Who may find a model is part of the query. Facets are
counted on `Bits`: the index tells which models a text finds, all else is a column of bits.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Order, Query

from services.catalog.domain import ENTERPRISE, PUBLIC, Viewer
from services.catalog.projection.models import OFFERED_STATES, Indexed
from services.catalog.search.bits import Bits, Numbers, Terms
from shared.model_memory import MEMORIES_GB

FACETS = ("type", "ability", "language", "format", "quantization", "source", "engine", "size", "fits_gb")
SIZE_BUCKETS = (("<1", 0.0, 1.0), ("1-8", 1.0, 8.0), ("8-20", 8.0, 20.0), ("20-70", 20.0, 70.0), (">=70", 70.0, 1e9))
"""(name, from, below) in billions of parameters."""

_ALL_OF = frozenset({"ability"})
_ANALYZER = "words_and_characters"
_WORD = re.compile(r"[a-zA-Z0-9]+|[\u3400-\u4dbf\u4e00-\u9fff]+")
_TEXT_FIELDS = (("name", 8.0), ("description", 2.0), ("readme", 0.5))
_FUZZY_FROM = 4
_FUZZY_BEGINNING_FROM = 6
_WORDS_AT_MOST = 12
_TEXTS_KEPT = 200
_HEAP_BYTES = 15_000_000
_SIZE_STEP = 1000
_MEMORY_STEP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One question. `filters` by facet; a model must have all of the abilities, any of the others' values."""

    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    size_min_b: float | None = None
    size_max_b: float | None = None
    fits_gb: float | None = None
    featured: bool | None = None
    status: str = ""
    sort: str = ""
    offset: int = 0
    limit: int = 20


class SearchIndex:
    """What can be found; safe from any thread."""

    def __init__(self) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema)
        words = tantivy.Tokenizer.regex(r"[a-zA-Z0-9]+|[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}]")
        analyzer = tantivy.TextAnalyzerBuilder(words).filter(tantivy.Filter.lowercase()).build()
        self._index.register_tokenizer(_ANALYZER, analyzer)
        self._writing = threading.Lock()
        self._writer = self._index.writer(_HEAP_BYTES, 1)
        self._bits = Bits()
        self._counting = threading.Lock()
        self._found_by_text: dict[str, int] = {}

    def update(self, models: Iterable[Indexed]) -> None:
        """These models are found as they are now."""
        with self._writing:
            try:
                counted = []
                for model in models:
                    with self._counting:
                        slot = self._bits.slot(model.card.id)
                    terms = _terms(model)
                    counted.append((slot, terms, _numbers(model)))
                    self._writer.delete_documents_by_term("id", model.card.id)
                    self._writer.add_document(_document(model, terms, slot))
                self._writer.commit()
            except BaseException:
                # A writer that failed stays dead and holds the lock until it goes.
                del self._writer
                self._writer = self._index.writer(_HEAP_BYTES, 1)
                raise
            self._index.reload()
            with self._counting:
                for slot, terms, numbers in counted:
                    self._bits.put(slot, terms, numbers)
                self._found_by_text.clear()

    def page(self, search: Search, viewer: Viewer) -> tuple[list[str], int]:
        """Ids of one page of the models that the viewer may find, and how many there are."""
        searcher = self._index.searcher()
        fixed, by_facet = self._parts(search, viewer)
        query = _all_of([*fixed, *by_facet.values()])
        if search.offset >= searcher.num_docs:
            # The collector would reserve memory for everything before the page.
            beyond: Any = searcher.search(query, 1)
            return [], beyond.count
        order_by, order = _order(search)
        hits: Any = searcher.search(query, search.limit, order_by_field=order_by, offset=search.offset, order=order)
        return [searcher.doc(address)["id"][0] for _, address in hits.hits], hits.count

    def facets(self, search: Search, viewer: Viewer) -> dict[str, list[tuple[str, int]]]:
        """Per facet (value, count) over all of the models that the viewer may find, the most frequent first.

        A facet whose values add up is counted without its own filter: what else one could choose.
        """
        text = search.text.strip()
        found = self._found_by(text) if text else None
        with self._counting:
            bits = self._bits
            fixed = bits.everything() if found is None else found
            for part in self._fixed_bits(search, viewer):
                fixed &= part
            filters = {name: values for name, values in search.filters.items() if values}
            by_facet = {
                name: (bits.all_of if name in _ALL_OF else bits.any_of)(name, values)
                for name, values in filters.items()
            }
            if search.fits_gb is not None:
                by_facet["fits_gb"] = bits.between("memory", 1, int(search.fits_gb * _MEMORY_STEP))
            return {name: bits.counts(name, _among(fixed, by_facet, name)) for name in FACETS}

    def _found_by(self, text: str) -> int:
        """The models that a text finds, in whatever rank; kept until the index changes."""
        found = self._found_by_text.get(text)
        if found is None:
            searcher = self._index.searcher()
            if not searcher.num_docs:
                return 0
            hits: Any = searcher.search(
                self._text(text), searcher.num_docs, count=False, order_by_field="slot", order=Order.Asc
            )
            slots = [slot for slot, _ in hits.hits]
            with self._counting:
                found = self._bits.of_slots(slots)
                if len(self._found_by_text) >= _TEXTS_KEPT:
                    self._found_by_text.clear()
                self._found_by_text[text] = found
        return found

    def _fixed_bits(self, search: Search, viewer: Viewer) -> Iterable[int]:
        """The same as `_findable` and `_fixed` ask of the index."""
        if not viewer.is_operator:
            yield self._bits.any_of("access", _findable_terms(viewer))
        yield self._bits.any_of("status", [search.status] if search.status else OFFERED_STATES)
        if search.featured is not None:
            yield self._bits.any_of("featured", ["yes" if search.featured else "no"])
        low, high = search.size_min_b, search.size_max_b
        if low is not None or high is not None:
            yield self._bits.between(
                "sizes",
                None if low is None else round(low * _SIZE_STEP),
                None if high is None else round(high * _SIZE_STEP),
            )

    def _parts(self, search: Search, viewer: Viewer) -> tuple[list[Query], dict[str, Query]]:
        fixed = [self._text(search.text), self._findable(viewer), *self._fixed(search)]
        return fixed, {name: self._filter(name, values) for name, values in search.filters.items() if values}

    def _findable(self, viewer: Viewer) -> Query:
        if viewer.is_operator:
            return Query.all_query()
        return Query.const_score_query(Query.term_set_query(self._schema, "access", _findable_terms(viewer)), 0.0)

    def _fixed(self, search: Search) -> list[Query]:
        queries = [self._one_of("status", [search.status] if search.status else OFFERED_STATES)]
        if search.featured is not None:
            queries.append(self._one_of("featured", ["yes" if search.featured else "no"]))
        low, high = search.size_min_b, search.size_max_b
        if low is not None or high is not None:
            lower = 0 if low is None else round(low * _SIZE_STEP)
            upper = 2**53 if high is None else round(high * _SIZE_STEP)
            queries.append(self._between("sizes", lower, upper))
        if search.fits_gb is not None:
            queries.append(self._between("memory", 1, int(search.fits_gb * _MEMORY_STEP)))
        return queries

    def _between(self, name: str, low: int, high: int) -> Query:
        found = Query.range_query(self._schema, name, FieldType.Integer, low, high)
        return Query.const_score_query(found, 0.0)

    def _filter(self, facet: str, values: Sequence[str]) -> Query:
        if facet in _ALL_OF:
            return _all_of([self._one_of(facet, [value]) for value in values])
        return self._one_of(facet, values)

    def _one_of(self, name: str, values: Sequence[str]) -> Query:
        return Query.const_score_query(Query.term_set_query(self._schema, name, list(values)), 0.0)

    def _text(self, text: str) -> Query:
        words = _WORD.findall(text.lower())[:_WORDS_AT_MOST]
        if not words:
            return Query.all_query() if not text.strip() else Query.empty_query()
        whole = text.strip().lower()
        every = _all_of([self._word(word, last=number == len(words) - 1) for number, word in enumerate(words)])
        exact = Query.boost_query(Query.term_query(self._schema, "exact", whole), 50.0)
        starts = Query.const_score_query(self._beginning("exact", whole), 10.0)
        wanted = [(Occur.Should, exact), (Occur.Should, every)]
        if len(words) > 1 or not whole.isalnum():
            wanted.append((Occur.Should, starts))
        return Query.boolean_query(wanted)

    def _word(self, word: str, *, last: bool) -> Query:
        chances = []
        for name, boost in _TEXT_FIELDS:
            chances += [Query.boost_query(query, boost * weight) for query, weight in self._ways(name, word, last)]
        return Query.disjunction_max_query(chances, 0.1)

    def _beginning(self, name: str, text: str) -> Query:
        """Terms that begin with the text; a regular expression would be compiled anew for each question."""
        return Query.fuzzy_term_query(self._schema, name, text, distance=0, prefix=True)

    def _ways(self, name: str, word: str, last: bool) -> list[tuple[Query, float]]:
        """How a field may hold a word, with the weight of each way."""
        if not word.isascii():
            if len(word) == 1:
                return [(Query.term_query(self._schema, name, word), 1.0)]
            return [(Query.phrase_query(self._schema, name, list(word)), 1.0)]
        ways = [(Query.term_query(self._schema, name, word), 1.0)]
        if name == "readme":
            return ways
        if last:
            ways.append((Query.const_score_query(self._beginning(name, word), 1.0), 0.5))
        if len(word) >= _FUZZY_FROM and not word.isdigit():
            near = Query.fuzzy_term_query(
                self._schema, name, word, distance=1, prefix=last and len(word) >= _FUZZY_BEGINNING_FROM
            )
            ways.append((Query.const_score_query(near, 1.0), 0.15))
        return ways


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="raw", index_option="basic")
    for name, _ in _TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name=_ANALYZER)
    for name in ("access", "status", "featured"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("updated", "largest", "slot"):
        builder.add_integer_field(name, fast=True)
    for name in ("sizes", "memory"):
        builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()


def _document(model: Indexed, terms: Terms, slot: int) -> tantivy.Document:
    card = model.card
    summary = card.summary
    document = tantivy.Document()
    texts: dict[str, Iterable[str]] = {
        "id": (card.id,),
        "exact": (card.id,),
        "name": (card.name,),
        "description": (summary.description,),
        "readme": (model.readme,),
        **terms,
    }
    for name, values in texts.items():
        for value in values:
            document.add_text(name, value)
    document.add_integer("slot", slot)
    document.add_integer("updated", _without_ties(summary.updated_at, card.id))
    document.add_integer("largest", _without_ties(round(max(summary.sizes_b, default=0.0) * _SIZE_STEP), card.id))
    for name, numbers in _numbers(model).items():
        for number in numbers:
            document.add_integer(name, number)
    return document


def _terms(model: Indexed) -> Terms:
    """What is filtered and counted by."""
    card, summary = model.card, model.card.summary
    return {
        "access": _access_terms(model),
        "status": (card.state,),
        "featured": ("yes" if card.featured else "no",),
        "type": (card.type,),
        "ability": summary.abilities,
        "language": summary.languages,
        "format": summary.formats,
        "quantization": summary.quantizations,
        "source": summary.sources,
        "engine": summary.engines,
        "size": [name for name, low, high in SIZE_BUCKETS if any(low <= s < high for s in summary.sizes_b)],
        "fits_gb": [str(each) for each in MEMORIES_GB if 0 < summary.least_gb <= each],
    }


def _numbers(model: Indexed) -> Numbers:
    """What is filtered by from and to: in thousandths of billions, and tenths of gigabytes."""
    summary = model.card.summary
    return {
        "sizes": [round(size * _SIZE_STEP) for size in summary.sizes_b],
        "memory": [round(summary.least_gb * _MEMORY_STEP)] if summary.least_gb else [],
    }


def _without_ties(number: int, model: str) -> int:
    """Sorts as `number` does; among equal ones the same model comes first in every index, however it was filled."""
    return (min(number, 2**42) << 20) | (zlib.crc32(model.encode()) & 0xFFFFF)


def _access_terms(model: Indexed) -> list[str]:
    access = model.access
    terms = [f"audience:{access.audience}", *(f"owner:{owner}" for owner in access.owners)]
    if access.audience == ENTERPRISE:
        terms += [f"group:{group}" for group in access.groups]
    return [*terms, "submitted"] if access.ever_submitted else terms


def _all_of(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _findable_terms(viewer: Viewer) -> list[str]:
    """What of `_access_terms` makes a model the viewer's to find."""
    terms = [f"audience:{PUBLIC}", *(f"group:{group}" for group in sorted(viewer.groups))]
    if viewer.signed_in:
        terms.append(f"owner:{viewer.user_id}")
    if viewer.is_reviewer:
        terms.append("submitted")
    return terms


def _among(fixed: int, by_facet: Mapping[str, int], counted: str) -> int:
    """The models a facet is counted over: its own filter is left out where its values add up."""
    for name, having in by_facet.items():
        if name != counted or name in _ALL_OF:
            fixed &= having
    return fixed


def _order(search: Search) -> tuple[str | None, Order]:
    """By relevance where there is a text and nothing else was asked for."""
    sort = search.sort or ("relevance" if search.text.strip() else "-updated")
    if sort == "relevance" and search.text.strip():
        return None, Order.Desc
    by_field = {"name": ("id", Order.Asc), "size": ("largest", Order.Desc)}
    return by_field.get(sort, ("updated", Order.Desc))
