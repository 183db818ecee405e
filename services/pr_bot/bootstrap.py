"""Builds pr_bot: its database, its log, the place pull requests go to, and what runs beside the calls."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

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
from services.pr_bot.upstream.accounts import Accounts, OneAccount
from services.pr_bot.upstream.catalogue import ParsedFiles
from services.pr_bot.upstream.github import GitHub
from services.pr_bot.upstream.github_calls import GitHubCalls
from services.pr_bot.upstream.github_content import Content
from services.pr_bot.upstream.local_git import LocalGit, seed
from shared.clock import Clock, wall_clock
from shared.config import Settings
from shared.contracts.common import Service
from shared.database import Database
from shared.errors import Invalid
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import identity, registry
from shared.events import pr_bot as facts
from shared.idempotency import Commands
from shared.publicity import Publicity
from shared.relay_cursor import published_position
from shared.service import BuiltService, Calls, log_reader
from shared.subscription import Subscription, look_s

__all__ = ["build", "seed"]

NAME = "pr_bot"
SOURCES = {"registry": registry, "identity": identity}
_IDLE_S = 30.0
# What another replica has marked, and then left, wakes nobody here.
_LOOK_S = 1.0
_BETWEEN_WRITES_S = 1.0
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def build(settings: Settings, calls: Calls, *, clock: Clock = wall_clock) -> BuiltService:
    """pr_bot, not yet started. A `file:` upstream must be seeded before its background starts."""
    database = Database(settings.database_url_of(NAME), serial=True)
    types = EventTypes(facts.EVENTS, facts.UPCASTERS)
    store = SqlEventStore(database, types, floor=published_position)
    records = Records(store, Rows(database), now=clock)
    accounts = _accounts(settings, calls, clock)
    upstream = accounts.reader if accounts else None
    watch: Watch | None = None
    step: Callable[[Due], None] = NoUpstream(registry=calls.registry, records=records).step
    if accounts is not None:
        watch, step = _reconciling(settings, calls, records, accounts, clock)
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
        accounts=accounts,
        watch=watch,
        wake=worker.wake,
    )
    worker.after_step = application.note_budget
    pause_s = look_s(beside_broker=bool(settings.amqp_uri))
    application.subscriptions += _subscriptions(application, calls, database, pause_s=pause_s)
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
    settings: Settings, calls: Calls, records: Records, accounts: Accounts, clock: Clock
) -> tuple[Watch, Callable[[Due], None]]:
    parsed = ParsedFiles()
    watch = Watch(upstream=accounts.reader, registry=calls.registry, records=records, parsed=parsed, now=clock)
    reconciler = Reconciler(
        accounts=accounts,
        registry=calls.registry,
        commits=Commits(calls.identity),
        watch=watch,
        records=records,
        parsed=parsed,
        public_url=settings.public_url,
    )
    return watch, reconciler.step


def _accounts(settings: Settings, calls: Calls, clock: Clock) -> Accounts | None:
    if settings.upstream.kind == "off":
        return None
    if settings.upstream.kind == "file":
        return OneAccount(LocalGit(Path(settings.upstream.location), base=settings.upstream_branch))
    # Loaded here: a hub without GitHub opens no tokens.
    from services.pr_bot.tokens import Tokens
    from shared.github_token import examine as examine_token

    content = Content()
    # GitHub asks programs that write for a pause; whatever answers on this machine does not.
    between_writes_s = 0.0 if urlsplit(settings.github_api_url).hostname in _THIS_MACHINE else _BETWEEN_WRITES_S

    def connect(token: str, account: str) -> Upstream:
        carrier = GitHubCalls(
            token=token,
            account=account,
            api_url=settings.github_api_url,
            between_writes_s=between_writes_s,
            now=clock,
        )
        return GitHub(settings.upstream.location, carrier, base=settings.upstream_branch, content=content)

    return Tokens(
        identity=calls.identity,
        seal_key=partial(_seal_key, settings),
        connect=connect,
        default_token=settings.github_token,
        examine=partial(examine_token, api_url=settings.github_api_url, repository=settings.upstream.location),
    )


def _seal_key(settings: Settings) -> bytes:
    """The private half; of an embedded hub, which has made it, from its file."""
    if settings.seal_key is not None:
        return settings.seal_key
    try:
        return base64.b64decode(settings.seal_key_file.read_text(encoding="ascii"))
    except OSError as error:
        raise Invalid(
            f"HUB_SEAL_KEY: expected the key that opens GitHub tokens, found none ({type(error).__name__}); set it"
        ) from None


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
