"""What becomes of a public model that is made less public: told before it is done, as not all of it comes back."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clients import calls
from gateway.pull_steps import STANDING
from shared.contracts.catalog import ModelDetail
from shared.contracts.common import ModelRef, system_caller


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
    pull = model.pull_request
    return Narrowing(
        visibility=wish,
        number=pull.number if pull is not None and pull.state in STANDING else 0,
        is_upstream=is_upstream(model.name),
        release=pull.first_release if pull is not None else "",
    )


def is_upstream(name: str) -> bool:
    """Whether upstream's main holds the model, as far as registry has seen."""
    wanted = calls().registry.desired_state(ModelRef(name=name), system_caller("gateway"))
    return bool(wanted.upstream_document)
