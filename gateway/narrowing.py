"""What becomes of a public model that is made less public: told before it is done, as not all of it comes back."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clients import calls
from shared.contracts.catalog import ModelDetail
from shared.contracts.common import ModelRef, system_caller

_STANDING = frozenset({"queued", "draft", "open", "failed", "conflicted", "paused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """`number` is the open pull request's, 0 for none; `release` upstream's first that carries the record."""

    visibility: str
    number: int
    is_upstream: bool
    release: str


def narrowing_of(model: ModelDetail, wish: str) -> Narrowing | None:
    """None where `wish` takes nothing from the public."""
    if model.visibility != "public" or wish == "public" or model.state in ("unpublished", "archived"):
        return None
    wanted = calls().registry.desired_state(ModelRef(name=model.name), system_caller("gateway"))
    pull = model.pull_request
    return Narrowing(
        visibility=wish,
        number=pull.number if pull is not None and pull.state in _STANDING else 0,
        is_upstream=bool(wanted.upstream_document),
        release=pull.first_release if pull is not None else "",
    )
