"""Builds pr_bot: its database, its log, the place pull requests go to, and what runs beside the calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from services.pr_bot import domain
from services.pr_bot.application import Application
from services.pr_bot.doctor import examine
from services.pr_bot.policies import REACTIONS, Reaction, UpstreamWatch, Worker
from services.pr_bot.projection import Due, Rows
from services.pr_bot.reconcile import NoUpstream, Reconciler
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.upstream import Upstream
from services.pr_bot.upstream.accounts import OneAccount
from services.pr_bot.upstream.catalogue import ParsedFiles
from services.pr_bot.upstream.local_git import LocalGit, seed
from shared.clock import Clock, wall_clock
from shared.config import Settings
from shared.contracts.common import Service
from shared.database import Database
from shared.errors import Invalid
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import pr_bot as facts
from shared.events import registry
from shared.idempotency import Commands
from shared.publicity import Publicity
from shared.relay_cursor import published_position
from shared.service import BuiltService, Calls, log_reader
from shared.subscription import Subscription, look_s

__all__ = ["build", "seed"]

NAME = "pr_bot"
SOURCES = {"registry": registry}
_IDLE_S = 30.0
# What another replica has marked, and then left, wakes nobody here.
_LOOK_S = 1.0


def build(settings: Settings, calls: Calls, *, clock: Clock = wall_clock) -> BuiltService:
    """pr_bot, not yet started. A `file:` upstream must be seeded before its background starts."""
    database = Database(settings.database_url_of(NAME), serial=True)
    types = EventTypes(facts.EVENTS, facts.UPCASTERS)
    store = SqlEventStore(database, types, floor=published_position)
    records = Records(store, Rows(database))
    upstream = _upstream(settings)
    watch: Watch | None = None
    step: Callable[[Due], None] = NoUpstream(registry=calls.registry, records=records).step
    if upstream is not None:
        watch, step = _reconciling(settings, calls, records, upstream, clock)
    worker = Worker(step=step, records=records, now=clock, idle_s=_LOOK_S if settings.amqp_uri else _IDLE_S)
    application = Application(
        store=store,
        types=types,
        records=records,
        registry=calls.registry,
        commands=Commands(database),
        clock=clock,
        target=upstream.target if upstream else "off",
        upstream_reader=upstream,
        accounts=OneAccount(upstream) if upstream else None,
        watch=watch,
        wake=worker.wake,
    )
    application.subscriptions += _subscriptions(
        application, calls, database, pause_s=look_s(beside_broker=bool(settings.amqp_uri))
    )
    return BuiltService(
        name=NAME,
        application=application,
        database=database,
        store=store,
        types=types,
        is_public=Publicity(store, initial=False, evolve=domain.evolve_told, tells=domain.tells),
        subscriptions=tuple(application.subscriptions),
        background=(worker, *_polling(application, settings)),
        doctor=partial(examine, database, store),
    )


def _polling(application: Application, settings: Settings) -> list[UpstreamWatch]:
    if application.watch is None:
        return []
    poll = UpstreamWatch(look=application.look_at_upstream, poll_s=settings.upstream_poll_s)
    application.wake_watch = poll.wake
    return [poll]


def _reconciling(
    settings: Settings, calls: Calls, records: Records, upstream: Upstream, clock: Clock
) -> tuple[Watch, Callable[[Due], None]]:
    parsed = ParsedFiles()
    watch = Watch(upstream=upstream, registry=calls.registry, records=records, parsed=parsed, now=clock)
    reconciler = Reconciler(
        upstream=upstream,
        registry=calls.registry,
        commits=Commits(upstream, calls.identity),
        watch=watch,
        records=records,
        parsed=parsed,
        public_url=settings.public_url,
    )
    return watch, reconciler.step


def _upstream(settings: Settings) -> Upstream | None:
    if settings.upstream.kind == "off":
        return None
    if settings.upstream.kind == "file":
        return LocalGit(Path(settings.upstream.location), base=settings.upstream_branch)
    raise Invalid(
        f"HUB_UPSTREAM: expected file:<path of a bare repository> or off, found {settings.upstream.kind}:; "
        "this release cannot reach GitHub"
    )


def _subscriptions(application: Application, calls: Calls, database: Database, *, pause_s: float) -> list[Subscription]:
    made = []
    for source, module in SOURCES.items():
        types = EventTypes(module.EVENTS, module.UPCASTERS)
        handlers = {
            event: _handler(application, reaction)
            for event, reaction in REACTIONS.items()
            if event in module.EVENTS.values()
        }
        owner: Service = calls.of(source)
        made.append(
            Subscription(
                name=NAME,
                source=source,
                read_log=log_reader(owner, types, reader=NAME),
                database=database,
                handlers=handlers,
                look_s=pause_s,
            )
        )
    return made


def _handler(application: Application, reaction: Reaction) -> Callable[[Connection, RecordedEvent], None]:
    return partial(reaction, application)
