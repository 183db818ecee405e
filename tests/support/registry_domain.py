"""Registry's own rules over a log of its own, for tests of pr_bot where upstream and the hub both change things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.registry.application.streams import stream_of
from services.registry.application.upstream import UpstreamUseCases
from services.registry.domain.access import Actor
from services.registry.domain.publication import archive, publish
from services.registry.domain.state import PUBLIC, Model, evolve
from services.registry.domain.submissions import Content, register, revise
from services.registry.domain.upstream import UpstreamContent, import_from_upstream
from shared.database import Database
from shared.event_store.aggregate import execute, load
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import registry as facts
from shared.events.pr_bot import UpstreamChanged
from shared.service import actor_metadata

OPERATOR = Actor(id="u1", roles=["maintainer", "operator"])


class DomainRegistry(UpstreamUseCases):
    """Answers `desired_state` as registry does; what people do to a model is a method each."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._database = Database(f"sqlite:///{folder / 'registry.db'}", durable=False)
        self.store = SqlEventStore(self._database, EventTypes(facts.EVENTS, facts.UPCASTERS))
        self.clock = clock

    def close(self) -> None:
        self._database.close()

    def model(self, name: str) -> Model:
        return load(self.store, stream_of(name), initial=Model(), evolve=evolve).state

    def names(self) -> list[str]:  # type: ignore[override]
        """Every model there is."""
        found = self.store.read_log(after=0, mark=None, limit=100_000).events
        return list(dict.fromkeys(recorded.event.model_name for recorded in found))

    def holds(self, name: str, model_type: str, document: str) -> None:
        """Imported and on main."""
        self._see(UpstreamContent(name=name, type=model_type, document=document, order=0, origin="import"))

    def sees(self, event: UpstreamChanged) -> None:
        self._see(
            UpstreamContent(
                name=event.model_name,
                type=event.model_type,
                document=event.document,
                order=event.order,
                origin=f"{event.path}@{event.commit}",
            )
        )

    def submits(self, name: str, model_type: str, document: str) -> None:
        """A public revision on the latest one, or a new model."""
        content = Content(name=name, type=model_type, document=document, readme="", visibility=PUBLIC, message="")
        model = self.model(name)
        now = int(self.clock())
        if model.exists:
            decide = partial(revise, content=content, base_revision=model.latest, submit=True, actor=OPERATOR, now=now)
        else:
            decide = partial(register, content=content, submit=True, actor=OPERATOR, now=now)
        self._done(name, decide)

    def approves(self, name: str) -> bool:
        """Publishes what is pending, if anything is."""
        pending = self.model(name).pending
        if pending is None:
            return False
        sha256 = pending.content.document_sha256
        self._done(name, partial(publish, revision=pending.number, document_sha256=sha256, reviewer="r1"))
        return True

    def archives(self, name: str) -> None:
        self._done(name, partial(archive, name=name, reason="no longer made", actor=OPERATOR))

    def _see(self, content: UpstreamContent) -> None:
        self._done(content.name, partial(import_from_upstream, content=content, now=int(self.clock())))

    def _done(self, name: str, decide: Callable[[Model], Sequence[Any]]) -> None:
        cause = str(uuid4())
        execute(
            self.store,
            stream_of(name),
            initial=Model(),
            evolve=evolve,
            decide=decide,
            metadata=actor_metadata("u1", causation_id=cause, correlation_id=cause),
        )
