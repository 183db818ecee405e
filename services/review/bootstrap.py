"""Review, wired: its log, its rows, its subscription to registry."""

from __future__ import annotations

from functools import partial

from services.review.application import Application
from services.review.doctor import examine
from services.review.policies import REACTIONS
from services.review.projection import Looks, Owners
from shared.config import Settings
from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import registry, review
from shared.idempotency import Commands
from shared.relay_cursor import published_position
from shared.service import BuiltService, Calls, LogService, log_reader
from shared.subscription import Subscription, look_s


def build(settings: Settings, calls: Calls) -> BuiltService:
    """Nothing runs yet; the composition root starts what is in the answer."""
    database = Database(settings.database_url_of("review"))
    types = EventTypes(review.EVENTS, review.UPCASTERS)
    store = SqlEventStore(database, types, floor=published_position)
    log = LogService(name="review", store=store, types=types)
    application = Application(
        store=store,
        owners=Owners(database),
        looks=Looks(database),
        commands=Commands(database),
        log=log,
        self_review=settings.self_review,
        catch_up=partial(_catch_up, log),
    )
    read_registry = log_reader(calls.registry, EventTypes(registry.EVENTS, registry.UPCASTERS), reader="review")
    subscription = Subscription(
        name="review",
        source="registry",
        read_log=read_registry,
        database=database,
        handlers={event: partial(reaction, application) for event, reaction in REACTIONS.items()},
        look_s=look_s(beside_broker=bool(settings.amqp_uri)),
    )
    log.subscriptions.append(subscription)
    return BuiltService(
        name="review",
        application=application,
        database=database,
        store=store,
        types=types,
        subscriptions=[subscription],
        doctor=partial(examine, database, store, read_registry),
    )


def _catch_up(log: LogService) -> None:
    for subscription in log.subscriptions:
        subscription.catch_up()
