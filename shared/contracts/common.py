"""Messages that every service's contract shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import marshmallow as ma

from shared.contracts.wire import CleanString

Role = Literal["user", "maintainer", "reviewer", "operator"]
Visibility = Literal["public", "enterprise", "private"]
ModelType = Literal["llm", "embedding", "rerank", "image", "audio", "video", "world"]
ModelName = Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 200))]
_SAYS_SOMETHING = ma.validate.Regexp(r"\s*\S", error="Say why.")
Reason = Annotated[str, CleanString(required=True, validate=[ma.validate.Length(1, 4000), _SAYS_SOMETHING])]
ShortText = Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=4000))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls and for which request; the owning service authorises on it.

    `user_id` is empty for an anonymous caller and `system:<service>` for a service.
    `roles` are the effective ones: an API token's scope has been taken into account.
    `command_id` makes repeats one: uuid5(caller, Idempotency-Key), or one per request; `idempotent`: it came of a key.
    """

    user_id: str = ""
    roles: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    correlation_id: str = ""
    command_id: str = ""
    idempotent: bool = False
    traceparent: str = ""

    def has(self, *roles: str) -> bool:
        """Whether the caller has one of `roles`."""
        return any(role in self.roles for role in roles)

    @property
    def is_system(self) -> bool:
        return self.user_id.startswith("system:")


def system_caller(service: str, *, correlation_id: str = "", command_id: str = "") -> Caller:
    """A service calling on its own account; the broker is the trust boundary."""
    return Caller(user_id=f"system:{service}", roles=["operator"], correlation_id=correlation_id, command_id=command_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """A request or an answer that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command's answer; `position` is `<service>:<n>`, empty where the service keeps no log position for it."""

    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    name: ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLog:
    """`mark` is the mark of the row at `after` as the reader saw it; None with `after` 0."""

    after: int = 0
    mark: str | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSlice:
    """`events` are CloudEvents (`shared.cloudevents`) in order of position; `head` is the newest safe position."""

    events: list[dict[str, Any]] = field(default_factory=list)
    head: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionState:
    """`lag` is the number of positions not yet applied; `state` is running, waiting, or stopped with `error`."""

    name: str
    source: str
    position: int
    head: int
    lag: int
    state: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedStream:
    """`id` is `<service>:<n>`; `parked_at` in Unix seconds; `error` has no secret in it."""

    id: str
    service: str
    source: str
    stream: str
    position: int
    error: str
    attempts: int
    parked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayState:
    """How far the broker has confirmed a service's log, as one of its replicas sees it.

    `leading`: it is this replica that publishes; `lag` counts positions that are not confirmed yet.
    """

    leading: bool
    position: int
    lag: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """What the broker holds for a service; `queues`: ready messages by queue, dead letters among them.

    `rejected` counts messages that one replica could not decode since it started.
    """

    connected: bool
    queues: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOperations:
    """What an operator sees of one service; `figures` are named numbers or texts of its own.

    Without a broker there are no `relay` and no `delivery`: logs are read directly.
    """

    service: str
    log_head: int = 0
    subscriptions: list[SubscriptionState] = field(default_factory=list)
    parked: list[ParkedStream] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    relay: RelayState | None = None
    delivery: DeliveryState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryParked:
    id: str


class Service(Protocol):
    """What every service answers."""

    def read_log(self, request: ReadLog, caller: Caller) -> LogSlice: ...

    def operations(self, request: Empty, caller: Caller) -> ServiceOperations: ...

    def retry_parked(self, request: RetryParked, caller: Caller) -> Done: ...
