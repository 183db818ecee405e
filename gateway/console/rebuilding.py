"""`rebuild catalog`: by the running hub itself where there is one, otherwise in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from shared.config import Settings
from shared.errors import Conflict, Unavailable

LOOK_S = 0.2
QUIET_S = 120.0
"""How long a rebuild may say nothing of itself before it is given up on."""

Figures = Callable[[], Mapping[str, Any]]


class RebuildFailed(Unavailable):
    slug = "rebuild-failed"


@click.group()
def rebuild() -> None:
    """Build what the logs can give again (on the hub's own machine)."""


@rebuild.command("catalog", options_metavar="")
def rebuild_catalog() -> None:
    """Build the catalog's read models anew beside the served ones, then switch to them."""
    from gateway.console.data_directory import require_hub, settings_here
    from gateway.embedded_lock import running_hub

    settings = settings_here()
    require_hub(settings)
    address = running_hub(settings)
    if address == "":
        raise Conflict("the hub is starting; try again when it serves")
    if address is None:
        _in_this_process(settings)
    else:
        _by_the_hub(settings, address)


def _in_this_process(settings: Settings) -> None:
    from gateway.embedded import EmbeddedHub
    from gateway.embedded_lock import data_directory_lock
    from gateway.offline import console_caller, log_to_stderr
    from shared.contracts.common import Empty

    log_to_stderr()

    with data_directory_lock(settings):
        hub = EmbeddedHub(settings)
        try:

            def figures() -> Mapping[str, Any]:
                return hub.calls.catalog.operations(Empty(), console_caller()).figures

            before = figures()["generation"]
            hub.calls.catalog.rebuild(Empty(), console_caller())
            _follow(figures, before)
        finally:
            hub.close()


def _by_the_hub(settings: Settings, address: str) -> None:
    from gateway.console.hub_client import HubClient

    with _operators_token(settings) as secret:
        hub = HubClient(address, secret)

        def figures() -> Mapping[str, Any]:
            services = hub.get("/operations")["services"]
            found: Mapping[str, Any] = next(item for item in services if item["service"] == "catalog")["figures"]
            return found

        before = figures()["generation"]
        hub.post("/operations/rebuild-catalog", {})
        _follow(figures, before)


@contextmanager
def _operators_token(settings: Settings) -> Iterator[str]:
    """An API token of one of the operators, gone when the block ends and within a day at any rate."""
    from gateway.offline import beside, console_caller
    from shared.contracts.common import Caller
    from shared.contracts.identity import IssueTokenFor, TokenRef, UsersQuery

    with beside(settings, "identity") as calls:
        operators = calls.identity.users(UsersQuery(role="operator"), console_caller()).items
        person = next((person for person in operators if not person.disabled), None)
        if person is None:
            raise Conflict(
                "rebuild: expected an operator's account, on whose behalf the hub does it, found none; "
                "make one: models-hub user add NAME --email E --role operator --password-stdin"
            )
        request = IssueTokenFor(login=person.login, name="console: rebuild catalog", scope="admin", expires_in_days=1)
        issued = calls.identity.issue_token_for(request, console_caller())
        try:
            yield issued.secret
        finally:
            owner = Caller(user_id=person.id, roles=list(person.roles), command_id=console_caller().command_id)
            calls.identity.revoke_token(TokenRef(id=issued.token.id), owner)


def _follow(figures: Figures, before: int) -> None:
    """Returns when another generation is served; raises RebuildFailed with what went wrong."""
    from rich.console import Console

    console = Console(stderr=True)
    deadline = time.monotonic() + QUIET_S
    with console.status("Building the catalog anew"):
        while (now := figures())["generation"] == before:
            if now["rebuilding"]:
                deadline = time.monotonic() + QUIET_S
            elif now["rebuild_error"]:
                raise RebuildFailed(f"rebuild: it failed, the old read models serve on: {now['rebuild_error']}")
            elif time.monotonic() > deadline:
                raise RebuildFailed(f"rebuild: nothing was heard of it for {QUIET_S:.0f} s; see the hub's log")
            time.sleep(LOOK_S)
    click.echo(f"catalog: generation {now['generation']} is served, {before} is gone")
