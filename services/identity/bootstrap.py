"""Identity, wired: its rows, its log, its subscriptions, its mail."""

from __future__ import annotations

from functools import partial

from services.identity.application import Application
from services.identity.doctor import examine
from services.identity.notifications import Inbox, MailSender
from services.identity.policies import REACTIONS
from services.identity.projection import PeopleRows
from shared.config import Settings
from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import identity, pr_bot, registry, review
from shared.idempotency import Commands
from shared.relay_cursor import published_position
from shared.service import BuiltService, Calls, LogService, log_reader
from shared.subscription import Subscription, look_s


def build(settings: Settings, calls: Calls) -> BuiltService:
    """Nothing runs yet; the composition root starts what is in the answer."""
    database = Database(settings.database_url_of("identity"), serial=True)
    types = EventTypes(identity.EVENTS, identity.UPCASTERS)
    store = SqlEventStore(database, types, floor=published_position)
    log = LogService(name="identity", store=store, types=types)
    application = Application(
        store=store,
        rows=PeopleRows(database),
        inbox=Inbox(database, public_url=settings.public_url),
        commands=Commands(database),
        log=log,
    )
    sources = {
        "registry": (calls.registry, EventTypes(registry.EVENTS, registry.UPCASTERS)),
        "review": (calls.review, EventTypes(review.EVENTS, review.UPCASTERS)),
        "pr_bot": (calls.pr_bot, EventTypes(pr_bot.EVENTS, pr_bot.UPCASTERS)),
    }
    log.subscriptions += [
        Subscription(
            name="identity",
            source=source,
            read_log=log_reader(owner, source_types, reader="identity"),
            database=database,
            handlers={event: partial(reaction, application) for event, reaction in REACTIONS.items()},
            look_s=look_s(beside_broker=bool(settings.amqp_uri)),
        )
        for source, (owner, source_types) in sources.items()
    ]
    background = [MailSender(database, smtp_url=settings.smtp_url)] if settings.smtp_url else []
    return BuiltService(
        name="identity",
        application=application,
        database=database,
        store=store,
        types=types,
        subscriptions=log.subscriptions,
        background=background,
        doctor=partial(examine, database, store),
    )
