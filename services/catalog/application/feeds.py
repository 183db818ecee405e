"""The client feeds, kept by the content they are made from, and what a page says of a model's feed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.catalog.application.generation import Generation
from services.catalog.domain import PUBLIC, Viewer
from services.catalog.feed import Feed, FeedCache, FeedModel, RecordText, assemble, single
from services.catalog.projection.models import Card, FeedSource
from shared.client_releases import ReleaseTable
from shared.contracts.catalog import FeedPresence, ReleaseSpan
from shared.document import parse
from shared.errors import Invalid
from shared.model_facts import TYPES

_PRESENCES_AT_MOST = 50_000
_FEW = 20


class Feeds:
    """Each type's feed for everyone, made again only where its models changed; safe from any thread."""

    def __init__(self, table: ReleaseTable, clients_from: str) -> None:
        self._table = table
        self._clients_from = clients_from
        self._cache = FeedCache()
        self._lock = threading.Lock()
        self._models: dict[str, dict[FeedSource, FeedModel]] = {}
        self._feeds: dict[str, tuple[dict[str, FeedSource], Feed]] = {}
        self._made_at: dict[str, tuple[int, int]] = {}
        self._touched: tuple[tuple[int, int, int], list[tuple[str, str]]] = ((0, 0, 0), [])
        self._presences: OrderedDict[tuple[str, str, str], FeedPresence] = OrderedDict()

    def public(self, connection: Connection, generation: Generation, model_type: str, version: int) -> Feed:
        """Everyone's feed at this version of the generation."""
        with self._lock:
            made_at = (generation.made, version)
            if self._made_at.get(model_type) == made_at:
                return self._feeds[model_type][1]
            found = self._feeds.get(model_type)
            if found is not None and self._untouched(connection, generation, model_type, version):
                self._made_at[model_type] = made_at
                return found[1]
            sources = generation.models.feed_sources(connection, model_type)
            if found is None or list(found[0].values()) != sources:
                models = self._kept(connection, generation, model_type, sources)
                found = ({source.id: source for source in sources}, self._assembled(model_type, models))
                self._feeds[model_type] = found
            self._made_at[model_type] = made_at
            return found[1]

    def _untouched(self, connection: Connection, generation: Generation, model_type: str, version: int) -> bool:
        """Whether nothing that happened since its feed was made can have changed it: most events change no feed."""
        made, since = self._made_at[model_type]
        if made != generation.made:
            return False
        looked = (made, since, version)
        if self._touched[0] != looked:
            found = generation.models.touched_types(connection, since, at_most=_FEW + 1)
            self._touched = looked, found
        touched = self._touched[1]
        if len(touched) > _FEW:
            return False
        held, _ = self._feeds[model_type]
        return all(
            held.get(model) == generation.models.offered_source(connection, model_type, model)
            for model, its_type in touched
            if its_type == model_type or model in held
        )

    def private(self, connection: Connection, generation: Generation, model_type: str, viewer: Viewer) -> Feed | None:
        """Everyone's feed with what the viewer alone may have; None where that is nothing."""
        added = generation.models.private_sources(connection, model_type, viewer)
        if not added:
            return None
        everyone = generation.models.feed_sources(connection, model_type)
        held = {source.id for source in added}
        sources = [source for source in everyone if source.id not in held]
        with self._lock:
            models = self._kept(connection, generation, model_type, sources)
            models += _read(connection, generation, added)
            return self._assembled(model_type, models)

    def single(
        self, connection: Connection, generation: Generation, model_type: str, source: FeedSource | None
    ) -> bytes | None:
        """The array of one model's records for a single refresh; None where it is hidden, unknown or dangerous."""
        models = _read(connection, generation, [source] if source else [])
        if not models:
            return None
        with self._lock:
            return single(self._table, model_type, models[0], self._clients_from, cache=self._cache)

    def presences(
        self, connection: Connection, generation: Generation, cards: Sequence[Card]
    ) -> dict[str, FeedPresence]:
        """By model id, what clients get of what the card shows."""
        keys = {card.id: (card.type, card.id, card.document_sha256) for card in cards}
        with self._lock:
            missing = [card for card in cards if keys[card.id] not in self._presences]
            sources = [
                FeedSource(
                    id=card.id, name=card.name, order=0, revision=card.revision, document_sha256=card.document_sha256
                )
                for card in missing
            ]
            models = dict(zip([s.id for s in sources], _read(connection, generation, sources), strict=True))
            for card in missing:
                self._presences[keys[card.id]] = self._presence(card.type, models[card.id])
            found = {card.id: self._presences[keys[card.id]] for card in cards}
            for key in keys.values():
                self._presences.move_to_end(key)
            while len(self._presences) > _PRESENCES_AT_MOST:
                self._presences.popitem(last=False)
        return {card.id: _as_offered(found[card.id], card) for card in cards}

    def judged(self, connection: Connection, generation: Generation, card: Card) -> FeedPresence:
        """What clients would get if this very revision were published for everyone."""
        offered = replace(card, audience=PUBLIC, state="published")
        return self.presences(connection, generation, [offered])[card.id]

    def _presence(self, model_type: str, model: FeedModel) -> FeedPresence:
        """As if the model were offered: judged alone, for a verdict does not depend on its neighbours."""
        if model_type not in TYPES:
            return FeedPresence(served=False, reason=f"clients do not ask for the type {model_type}")
        feed = self._assembled(model_type, [model])
        return FeedPresence(
            served=bool(feed.served),
            reason=feed.withheld[0].why if feed.withheld else "",
            repaired=feed.repaired[0].what if feed.repaired else "",
            releases=[
                ReleaseSpan(first=span.first, last=span.last, effect=span.verdict.effect, why=span.verdict.why)
                for spans in feed.usable.values()
                for span in spans
            ],
        )

    def _assembled(self, model_type: str, models: Sequence[FeedModel]) -> Feed:
        return assemble(self._table, model_type, models, self._clients_from, cache=self._cache)

    def _kept(
        self, connection: Connection, generation: Generation, model_type: str, sources: Sequence[FeedSource]
    ) -> list[FeedModel]:
        """The sources' models in their order; only what changed is read and parsed."""
        kept = self._models.get(model_type, {})
        new = [source for source in sources if source not in kept]
        read = dict(zip(new, _read(connection, generation, new), strict=True))
        self._models[model_type] = {source: kept.get(source) or read[source] for source in sources}
        return list(self._models[model_type].values())


def _read(connection: Connection, generation: Generation, sources: Sequence[FeedSource]) -> list[FeedModel]:
    documents = generation.models.documents(connection, sources)
    return [
        FeedModel(
            name=source.name,
            records=_records(documents[source.id]),
            order=source.order,
        )
        for source in sources
    ]


def _records(document: str) -> tuple[RecordText, ...]:
    try:
        return tuple(RecordText(record.text, record.value) for record in parse(document).records)
    except Invalid:
        # One unreadable document must not cost the others their feed: assembling withholds it and says so.
        return (RecordText(document, None),)


def _as_offered(presence: FeedPresence, card: Card) -> FeedPresence:
    """Why clients do not get a model that they could use: that is the model's state."""
    if card.audience == PUBLIC and card.state in ("published", "deprecated"):
        return presence
    if card.state in ("unpublished", "archived", "quarantined"):
        reason = f"the model is {card.state}"
    else:
        reason = f"the model is {card.visibility}: only its owners and groups get it, with an API token"
    return FeedPresence(served=False, reason=reason, releases=presence.releases)
