"""What the importer and pr_bot ask of registry."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid5

from sqlalchemy import Connection

from services.registry.application.streams import stream_of
from services.registry.domain.state import PUBLIC, REJECTED, Model, evolve
from services.registry.domain.upstream import Desired, UpstreamContent, desired, import_from_upstream
from services.registry.projection import Names
from shared import document
from shared.clock import Clock
from shared.contracts import registry as api
from shared.contracts.common import Caller, ModelRef
from shared.errors import Forbidden, HubError, Invalid, NotFound
from shared.event_store.aggregate import Executed, execute, load
from shared.event_store.interface import EventStore
from shared.events import registry as facts
from shared.service import actor_metadata

MODELS_PER_CALL = 100


class UpstreamUseCases:
    """Imports, and what upstream should hold."""

    store: EventStore
    names: Names
    clock: Clock

    def import_models(self, request: api.ImportModels, caller: Caller) -> api.ImportAnswer:
        """One transaction a call; what cannot be imported is listed with its reason and the rest goes on."""
        if not caller.has("operator"):
            raise Forbidden("importing needs the operator role; ask an operator", slug="not-operator")
        if len(request.models) > MODELS_PER_CALL:
            raise Invalid(f"import: expected at most {MODELS_PER_CALL} models a call, found {len(request.models)}")
        imported = unchanged = position = 0
        problems: list[api.ImportProblem] = []
        with self.store.transaction() as connection:
            for model in request.models:
                try:
                    executed = self._import(connection, model, origin=request.origin, caller=caller)
                except HubError as error:
                    problems.append(api.ImportProblem(name=model.name, reason=error.message))
                    continue
                problems += _blocked(executed)
                happened = any(isinstance(event.event, facts.ModelImported) for event in executed.events)
                imported, unchanged = imported + happened, unchanged + (not happened)
                position = max(position, executed.position)
        return api.ImportAnswer(
            imported=imported, unchanged=unchanged, problems=problems, position=f"registry:{position}"
        )

    def _import(
        self, connection: Connection, model: api.ImportedModel, *, origin: str, caller: Caller
    ) -> Executed[Model]:
        document.parse(model.document)
        content = UpstreamContent(
            name=model.name, type=model.type, document=model.document, order=model.order, origin=origin
        )
        cause = str(uuid5(UUID(caller.command_id), f"import/{model.name.lower()}"))
        executed = execute(
            self.store,
            stream_of(model.name),
            initial=Model(),
            evolve=evolve,
            decide=partial(import_from_upstream, content=content, now=int(self.clock())),
            metadata=actor_metadata(caller.user_id, causation_id=cause, correlation_id=caller.correlation_id),
            connection=connection,
        )
        if executed.events and not executed.repeated:
            self.names.remember(connection, executed.state)
        return executed

    def desired_state(self, request: ModelRef, caller: Caller) -> api.DesiredState:
        if not caller.is_system:
            raise Forbidden("desired_state is for services; read the model's pull request instead")
        loaded = load(self.store, stream_of(request.name), initial=Model(), evolve=evolve)
        if not loaded.state.exists:
            raise NotFound(f"model {request.name}: there is none")
        return _desired_state(loaded.state, desired(loaded.state), position=loaded.position)


def _blocked(executed: Executed[Model]) -> list[api.ImportProblem]:
    return [
        api.ImportProblem(name=event.event.model_name, reason=event.event.reason)
        for event in executed.events
        if isinstance(event.event, facts.ImportBlocked)
    ]


def _desired_state(model: Model, wish: Desired, *, position: int) -> api.DesiredState:
    seen = model.revision(model.seen_upstream)
    carried = wish.revision
    content = carried.content if carried else None
    is_published = content is not None and content.document_sha256 == _public_sha256(model)
    rejected = carried if carried is not None and carried.state == REJECTED else None
    return api.DesiredState(
        name=model.name,
        type=model.type,
        wanted=wish.wanted,
        reason=wish.reason,
        revision=content.revision if content else 0,
        document=content.document if content else "",
        document_sha256=content.document_sha256 if content else "",
        is_published=is_published,
        submitter=content.submitter if content else "",
        message=content.message if content else "",
        merge_conflict=bool(model.conflicted),
        upstream_document=seen.content.document if seen else "",
        position=f"registry:{position}",
        owners=sorted(model.owners),
        rejected=rejected.said if rejected else "",
        rejected_revision=rejected.number if rejected else 0,
        reviewer=carried.reviewer if carried and is_published else "",
        warnings=[check.message for check in getattr(content, "checks", ()) if check.level == "warning"],
        latest_revision=model.latest,
        withdrawn=wish.withdrawn,
    )


def _public_sha256(model: Model) -> str:
    """Of the text that everyone gets, empty where the published revision is for fewer people."""
    return model.served.content.document_sha256 if model.served and model.visibility == PUBLIC else ""
