"""The client feed and the delta feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import marshmallow as ma


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChanges:
    """`after` is `registry:<n>`, or empty for the start."""

    after: str = ""
    limit: Annotated[int, ma.fields.Integer(load_default=100, validate=ma.validate.Range(1, 200))] = 100
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChange:
    """`what`: published, removed (no longer public, archived, quarantined), deprecated, restored."""

    position: str
    at: float
    name: str
    type: str
    what: str
    revision: int = 0
    document_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """In order of registry's positions; `next` is the `after` of the next call."""

    items: list[PublishedChange] = field(default_factory=list)
    next: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    """One type's feed, or a single refresh with `model_name`.

    The caller's own private and granted enterprise models are added where the caller is signed in.
    `etag` is what the asker holds: an equal one answers without a body.
    """

    type: str
    model_name: str = ""
    etag: str = ""
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`body` is JSON text, empty where `unchanged`."""

    etag: str
    body: str = ""
    unchanged: bool = False
    served: int = 0
    withheld: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeedVersions:
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedVersions:
    """The etag of each type's public feed now, and the catalog's version they stand for."""

    etags: dict[str, str] = field(default_factory=dict)
    version: str = ""
