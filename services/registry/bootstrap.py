"""Registry, wired: its log, its rows, its subscriptions to review and pr_bot."""

from __future__ import annotations

from functools import partial

from services.registry.application import Application
from services.registry.application.validation import Validation
from services.registry.doctor import examine
from services.registry.domain import publicity
from services.registry.policies import REACTIONS
from services.registry.projection import Names
from shared.config import Settings
from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import pr_bot, registry, review
from shared.idempotency import Commands
from shared.publicity import Publicity
from shared.relay_cursor import published_position
from shared.service import BuiltService, Calls, LogService, log_reader
from shared.subscription import Subscription, look_s


def build(settings: Settings, calls: Calls) -> BuiltService:
    """Nothing runs yet; the composition root starts what is in the answer."""
    database = Database(settings.database_url_of("registry"))
    types = EventTypes(registry.EVENTS, registry.UPCASTERS)
    store = SqlEventStore(database, types, floor=published_position)
    log = LogService(name="registry", store=store, types=types)
    application = Application(
        store=store,
        names=Names(database),
        commands=Commands(database),
        validation=Validation(clients_from=settings.clients_from),
        log=log,
    )
    sources = {
        "review": (calls.review, EventTypes(review.EVENTS, review.UPCASTERS)),
        "pr_bot": (calls.pr_bot, EventTypes(pr_bot.EVENTS, pr_bot.UPCASTERS)),
    }
    log.subscriptions += [
        Subscription(
            name="registry",
            source=source,
            read_log=log_reader(owner, source_types, reader="registry"),
            database=database,
            handlers={event: partial(reaction, application) for event, reaction in REACTIONS.items()},
            look_s=look_s(beside_broker=bool(settings.amqp_uri)),
        )
        for source, (owner, source_types) in sources.items()
    ]
    return BuiltService(
        name="registry",
        application=application,
        database=database,
        store=store,
        types=types,
        is_public=Publicity(store, initial=publicity.Standing(), evolve=publicity.evolve, tells=publicity.tells),
        subscriptions=log.subscriptions,
        doctor=partial(examine, database, store),
    )
