"""The client feed's answers: a type's list, a single refresh, the etags of all lists."""

from __future__ import annotations

from services.catalog.application.view import ModelNotFound, View
from services.catalog.feed import etag_of
from services.catalog.projection.models import FeedSource
from shared.contracts.catalog import Feed, FeedVersions, ReadFeed
from shared.errors import Invalid
from shared.model_facts import TYPES

EMPTY_TYPES = ("flexible",)
"""Types that clients may ask for and that the hub keeps no models of."""


def read_feed(view: View, request: ReadFeed) -> Feed:
    model_type = request.type.lower()
    if model_type not in (*TYPES, *EMPTY_TYPES):
        raise Invalid(
            f"model type {request.type[:80]!r}: expected one of {', '.join(TYPES)}; correct it",
            slug="unknown-model-type",
        )
    if request.model_name:
        return _answer(_single(view, model_type, request.model_name), request)
    if model_type in EMPTY_TYPES:
        return _answer(b"[]", request)
    feed = view.feeds.private(view.connection, view.generation, model_type, view.viewer)
    if feed is None:
        feed = view.feeds.public(view.connection, view.generation, model_type, view.version)
    served, withheld = len(feed.served), len(feed.withheld)
    if request.etag == feed.etag:
        return Feed(etag=feed.etag, unchanged=True, served=served, withheld=withheld)
    return Feed(etag=feed.etag, body=feed.body.decode(), served=served, withheld=withheld)


def read_feed_versions(view: View) -> FeedVersions:
    """Of everyone's feeds, whoever asks."""
    etags = {
        model_type: view.feeds.public(view.connection, view.generation, model_type, view.version).etag
        for model_type in TYPES
    }
    return FeedVersions(etags=etags, version=f"{view.generation.number}.{view.version}")


def _single(view: View, model_type: str, name: str) -> bytes:
    source = _source(view, model_type, name.lower())
    body = view.feeds.single(view.connection, view.generation, model_type, source)
    if body is None:
        raise ModelNotFound(f"model {name[:200]} of type {model_type}: no client may fetch it; check name and type")
    return body


def _source(view: View, model_type: str, model: str) -> FeedSource | None:
    """What a list would hold of the model, for this viewer."""
    models = view.generation.models
    for source in models.private_sources(view.connection, model_type, view.viewer):
        if source.id == model:
            return source
    return models.offered_source(view.connection, model_type, model)


def _answer(body: bytes, request: ReadFeed) -> Feed:
    etag = etag_of(body)
    if request.etag == etag:
        return Feed(etag=etag, unchanged=True)
    return Feed(etag=etag, body=body.decode())
