"""Catalog, wired: its read models and their subscriptions to the four logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from services.catalog.application import Application
from services.catalog.application.feeds import Feeds
from services.catalog.application.generations import Generations
from services.catalog.application.source_reader import SourceReader
from services.catalog.doctor import examine
from services.catalog.projection import SOURCES
from shared.client_release_table import packaged_table
from shared.clock import wall_clock
from shared.config import Settings
from shared.database import Database
from shared.doctor import Check
from shared.event_store.serialization import EventTypes
from shared.events import identity, pr_bot, registry, review
from shared.service import BuiltService, Calls, LogService, Reader, log_reader
from shared.subscription import ReadLog, look_s

_EVENTS = {
    source: EventTypes(module.EVENTS, module.UPCASTERS)
    for source, module in (("registry", registry), ("review", review), ("pr_bot", pr_bot), ("identity", identity))
}


def build(settings: Settings, calls: Calls, *, now: Callable[[], float] = wall_clock) -> BuiltService:
    """Nothing runs yet; the composition root starts what is in the answer.

    What the catalog holds can be built again from the logs, so its database need not survive a power cut.
    Its writes come one at a time, over all replicas: the order of commits is the order of `touched.seq`.
    """
    database = Database(settings.database_url_of("catalog"), durable=False, serial=True)
    read_logs = _read_logs(calls)
    # With a broker there may be other replicas, on the same database.
    brokered = bool(settings.amqp_uri)
    generations = Generations(database, read_logs, replicated=brokered, look_s=look_s(beside_broker=brokered), now=now)
    # They have a subscription's methods; which subscription answers changes with each rebuild.
    readers: list[Reader] = [SourceReader(generations, source) for source in SOURCES]
    log = LogService(name="catalog", subscriptions=readers, figures=generations.figures)
    feeds = Feeds(packaged_table(), settings.clients_from)
    application = Application(generations=generations, feeds=feeds, log=log, now=now)
    return BuiltService(
        name="catalog",
        application=application,
        database=database,
        subscriptions=readers,
        background=[generations],
        doctor=partial(examine, database, read_logs),
    )


def diagnose(settings: Settings, calls: Calls) -> list[Check]:
    """The doctor without the rest: `build` settles the generations, which only the hub that serves them may."""
    with closing(Database(settings.database_url_of("catalog"), durable=False)) as database:
        return examine(database, _read_logs(calls))


def _read_logs(calls: Calls) -> Mapping[str, ReadLog]:
    return {source: log_reader(calls.of(source), _EVENTS[source], reader="catalog") for source in SOURCES}
