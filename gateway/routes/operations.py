"""What operators see of the running hub, and parked streams' retry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.answers import named
from gateway.auth import caller, read_caller, requires
from gateway.blueprints import Routes, require_positions
from gateway.clients import calls
from gateway.load_history import SERVICES
from gateway.paging import part_of
from gateway.routes.bodies import ListQuery
from shared.contracts.common import Done, Empty, ParkedStream, RetryParked, ServiceOperations
from shared.contracts.identity import Outbox
from shared.contracts.pr_bot import ControlPullRequests, UpstreamState
from shared.contracts.wire import query_schema_of, schema_of
from shared.errors import NotFound, Unavailable

blueprint = Routes("operations", __name__, url_prefix="/api/v1/operations", description="For operators")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """`failing` names services that did not answer, and why."""

    services: list[ServiceOperations] = field(default_factory=list)
    parked: list[ParkedStream] = field(default_factory=list)
    upstream: UpstreamState | None = None
    failing: dict[str, str] = field(default_factory=dict)


def read_operations() -> Operations:
    """Every service's state; one that fails does not hide the others."""
    services, failing = [], {}
    for name in SERVICES:
        try:
            services.append(calls().of(name).operations(Empty(), read_caller()))
        except Unavailable as error:
            failing[name] = error.message
    parked = [stream for service in services for stream in service.parked]
    upstream = calls().pr_bot.upstream(Empty(), read_caller()) if "pr_bot" not in failing else None
    return Operations(services=services, parked=parked, upstream=upstream, failing=failing)


@blueprint.route("")
@requires("operator")
@blueprint.response(200, schema_of(Operations))
def operations() -> Operations:
    """Logs, subscriptions with their lag, parked streams, upstream."""
    return named(read_operations())


@blueprint.route("/parked/<path:parked_id>/retry", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(200, schema_of(Done))
def retry_parked(body: Empty, parked_id: str) -> Done:
    """Reads a parked stream again from the event that failed."""
    return retry(parked_id)


def retry(parked_id: str) -> Done:
    """`parked_id` is `<service>:<n>`."""
    service = parked_id.partition(":")[0]
    if service not in SERVICES:
        raise NotFound(f"parked stream {parked_id}: there is none; see GET /api/v1/operations")
    return calls().of(service).retry_parked(RetryParked(id=parked_id), caller())


@blueprint.route("/rebuild-catalog", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(202, schema_of(Done))
def rebuild_catalog(body: Empty) -> Any:
    """Builds the read models anew beside the served ones."""
    return calls().catalog.rebuild(Empty(), caller()), 202


@blueprint.route("/look-upstream", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(202, schema_of(Done))
def look_upstream(body: Empty) -> Any:
    """Looks at upstream now instead of at the next poll."""
    return calls().pr_bot.look(Empty(), caller()), 202


@blueprint.route("/pull-requests", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(ControlPullRequests))
@blueprint.response(200, schema_of(Done))
def control_pull_requests(body: ControlPullRequests) -> Done:
    """Pauses all pull requests or lets them go on; caps how many are open and opened in an hour (0: no cap).

    `batch`: what is published of one owner goes in one request.
    """
    return calls().pr_bot.control(body, caller())


@blueprint.route("/outbox")
@requires("operator")
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(Outbox))
def outbox(query: ListQuery) -> Outbox:
    """Mails that were written where no mail server is set."""
    require_positions(query.min_position)
    return part_of(calls().identity.outbox(Empty(), read_caller()), page=query.page, per_page=query.per_page)
