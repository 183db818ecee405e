"""The one taxonomy of refusals; `gateway/errors.py` alone maps it to HTTP.

An error crosses every carrier as data: kind (the class below), slug, message, details.
The message names the subject, what was expected, what was found and what to do.
"""

from __future__ import annotations

from typing import Any, ClassVar


class HubError(Exception):
    """A refusal a caller can act on; subclasses name the broken fact and keep the kind.

    `details` is JSON-able; `details["errors"]`, where present, is a list of
    `{"path": <JSON Pointer>, "message": str}` (and `line`, `column` where known, from 1).
    """

    kind: ClassVar[str] = "Internal"
    slug: ClassVar[str] = "internal"

    def __init__(self, message: str, *, slug: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_slug = slug or self.slug
        self.details = details or {}


class NotFound(HubError):
    kind = "NotFound"
    slug = "not-found"


class Invalid(HubError):
    kind = "Invalid"
    slug = "invalid"


class Conflict(HubError):
    kind = "Conflict"
    slug = "conflict"


class Forbidden(HubError):
    kind = "Forbidden"
    slug = "forbidden"


class Unavailable(HubError):
    kind = "Unavailable"
    slug = "unavailable"


KINDS: dict[str, type[HubError]] = {kind.kind: kind for kind in (NotFound, Invalid, Conflict, Forbidden, Unavailable)}


def to_wire(error: HubError) -> dict[str, Any]:
    """{"kind", "slug", "message", "details"}: the form an error has in a reply."""
    return {"kind": error.kind, "slug": error.error_slug, "message": error.message, "details": error.details}


def from_wire(data: dict[str, Any]) -> HubError:
    """The error again, as its kind; an unknown kind comes back as `Unavailable`."""
    kind = KINDS.get(data.get("kind", ""), Unavailable)
    return kind(data.get("message", ""), slug=data.get("slug"), details=data.get("details"))
