"""Registry's use cases: load the model's stream, authorise, decide, append."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from services.registry.application.streams import stream_of
from services.registry.application.validation import Validation
from services.registry.domain import publication, submissions
from services.registry.domain.access import Actor, require_management, require_seen
from services.registry.domain.state import DRAFT, Model, Revision, evolve
from services.registry.projection import Names
from shared.clock import Clock, wall_clock
from shared.contracts import registry as api
from shared.contracts.common import Caller, Done, Empty, ModelRef, Visibility
from shared.errors import Forbidden
from shared.event_store.aggregate import Executed, execute, load
from shared.event_store.interface import EventStore
from shared.events import registry as facts
from shared.idempotency import Commands, idempotent
from shared.service import LogService, actor_metadata

Decide = Callable[[Model], Sequence[Any]]
Revising = TypeVar("Revising", api.ReviseModel, api.SaveDraft)


def actor_of(caller: Caller) -> Actor:
    return Actor(id=caller.user_id, roles=tuple(caller.roles), groups=tuple(caller.groups))


def _completed(request: Revising, model: Model, *, base: Revision | None) -> Revising:
    """The request with README and visibility of `base` where it leaves them out."""
    readme = base.content.readme if base else ""
    visibility = cast(Visibility, model.visibility_of(base)) if base else "private"
    return replace(
        request,
        readme=readme if request.readme is None else request.readme,
        visibility=request.visibility or visibility,
    )


class ModelCommands:
    """What people do with models."""

    def __init__(
        self,
        *,
        store: EventStore,
        names: Names,
        commands: Commands,
        validation: Validation,
        log: LogService,
        clock: Clock = wall_clock,
    ) -> None:
        self.store = store
        self.names = names
        self.clock = clock
        self.commands = commands
        self._validation = validation
        self.read_log = log.read_log
        self.operations = log.operations
        self.retry_parked = log.retry_parked

    @idempotent()
    def register(self, request: api.RegisterModel, caller: Caller) -> api.RevisionAnswer:
        if not caller.has("maintainer", "operator"):
            raise Forbidden(
                "registering a model needs the maintainer role; request it in the User Center", slug="not-maintainer"
            )
        content = self._content(request, request.type, name=None, submit=request.submit)
        self.names.require_room(caller.user_id, content.name, is_operator=caller.has("operator"))
        decide = partial(
            submissions.register, content=content, submit=request.submit, actor=actor_of(caller), now=self.now()
        )
        return self._revision_answer(self._execute(content.name, caller, decide))

    @idempotent()
    def revise(self, request: api.ReviseModel, caller: Caller) -> api.RevisionAnswer:
        model = self._managed(request.name, caller)
        request = _completed(request, model, base=model.revision(request.base_revision))
        content = self._content(request, request.type or model.type, name=model.name, submit=request.submit)
        decide = partial(
            submissions.revise,
            content=content,
            base_revision=request.base_revision,
            submit=request.submit,
            actor=actor_of(caller),
            now=self.now(),
        )
        return self._revision_answer(self._execute(model.name, caller, decide))

    @idempotent()
    def save_draft(self, request: api.SaveDraft, caller: Caller) -> api.RevisionAnswer:
        model = self._managed(request.name, caller)
        request = _completed(request, model, base=model.revision(request.revision))
        content = self._content(request, request.type or model.type, name=model.name, submit=False)
        decide = partial(
            submissions.save_draft,
            content=content,
            number=request.revision,
            base_sha256=request.base_sha256,
            actor=actor_of(caller),
        )
        return self._revision_answer(self._execute(model.name, caller, decide))

    @idempotent()
    def submit(self, request: api.RevisionRef, caller: Caller) -> api.RevisionAnswer:
        model = self._managed(request.name, caller)
        draft = model.revision(request.revision)
        checks: tuple[facts.Check, ...] = ()
        if draft is not None and draft.state == DRAFT:
            checks = self._validation.accepted(model.type, draft.content.document, name=model.name).checks
        decide = partial(
            submissions.submit_draft,
            name=request.name,
            number=request.revision,
            checks=checks,
            actor=actor_of(caller),
            now=self.now(),
        )
        executed = self._execute(model.name, caller, decide)
        return self._revision_answer(executed, number=request.revision)

    @idempotent()
    def withdraw(self, request: api.RevisionRef, caller: Caller) -> api.RevisionAnswer:
        decide = partial(
            submissions.withdraw,
            name=request.name,
            number=request.revision,
            reason=request.reason,
            actor=actor_of(caller),
        )
        executed = self._execute(request.name, caller, decide)
        return self._revision_answer(executed, number=request.revision)

    @idempotent()
    def set_visibility(self, request: api.SetVisibility, caller: Caller) -> api.VisibilityAnswer:
        decide = partial(
            submissions.change_visibility,
            name=request.name,
            visibility=request.visibility,
            reason=request.reason,
            actor=actor_of(caller),
            now=self.now(),
        )
        executed = self._execute(request.name, caller, decide)
        model = executed.outcome
        widened = [event.event for event in executed.events if isinstance(event.event, facts.RevisionContent)]
        return api.VisibilityAnswer(
            name=model.name,
            visibility=model.visibility,
            narrowed=not widened,
            revision=widened[-1].revision if widened else model.published,
            position=f"registry:{executed.position}",
        )

    @idempotent()
    def change_groups(self, request: api.ChangeMembers, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(
            request,
            caller,
            partial(publication.change_groups, add=request.add, remove=request.remove, reason=request.reason),
        )

    @idempotent()
    def change_owners(self, request: api.ChangeMembers, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(
            request,
            caller,
            partial(publication.change_owners, add=request.add, remove=request.remove, reason=request.reason),
        )

    @idempotent()
    def deprecate(self, request: api.Lifecycle, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(
            request, caller, partial(publication.deprecate, reason=request.reason, replacement=request.replacement)
        )

    @idempotent()
    def archive(self, request: api.Lifecycle, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(request, caller, partial(publication.archive, reason=request.reason))

    @idempotent()
    def restore(self, request: api.Lifecycle, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(request, caller, partial(publication.restore, reason=request.reason))

    @idempotent()
    def quarantine(self, request: api.Lifecycle, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(request, caller, partial(publication.quarantine, reason=request.reason))

    @idempotent()
    def lift_quarantine(self, request: api.Lifecycle, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(request, caller, partial(publication.lift_quarantine, reason=request.reason))

    @idempotent()
    def feature(self, request: api.Feature, caller: Caller) -> api.LifecycleAnswer:
        return self._lifecycle(
            request, caller, partial(publication.feature, featured=request.featured, reason=request.reason)
        )

    def model_access(self, request: ModelRef, caller: Caller) -> Done:
        self._managed(request.name, caller)
        return Done()

    def validate(self, request: api.DocumentInput, caller: Caller) -> api.ValidationReport:
        return self._validation.report(request.type, request.document)

    def readme_template(self, request: api.DocumentInput, caller: Caller) -> api.ReadmeAnswer:
        return api.ReadmeAnswer(readme=self._validation.readme(request.type, request.document))

    def types(self, request: Empty, caller: Caller) -> api.TypesAnswer:
        return self._validation.types()

    def schema(self, request: api.TypeRef, caller: Caller) -> api.SchemaAnswer:
        return api.SchemaAnswer(schema=self._validation.schema(request.type))

    def publish_approved(
        self,
        connection: Connection,
        *,
        name: str,
        revision: int,
        document_sha256: str,
        reviewer: str,
        event_id: str,
        correlation_id: str,
    ) -> None:
        """Registry's own decision on an approval, in the transaction of the subscription."""
        decide = partial(publication.publish, revision=revision, document_sha256=document_sha256, reviewer=reviewer)
        self.react(connection, name, decide, reaction="publish", event_id=event_id, correlation_id=correlation_id)

    def react(
        self, connection: Connection, name: str, decide: Decide, *, reaction: str, event_id: str, correlation_id: str
    ) -> None:
        """A policy's append: once for each causing event."""
        executed = execute(
            self.store,
            stream_of(name),
            initial=Model(),
            evolve=evolve,
            decide=decide,
            metadata=actor_metadata("system:registry", causation_id=event_id, correlation_id=correlation_id),
            reaction=reaction,
            connection=connection,
        )
        # Only who has just appended knows the stream's end, and keeps others from it until the commit.
        if executed.events and not executed.repeated:
            self.names.remember(connection, executed.state)

    def model(self, name: str) -> Model:
        """The model as its stream says, empty where there is none."""
        return load(self.store, stream_of(name), initial=Model(), evolve=evolve).state

    def now(self) -> int:
        return int(self.clock())

    def _managed(self, name: str, caller: Caller) -> Model:
        model = self.model(name)
        actor = actor_of(caller)
        require_seen(model, name, actor)
        require_management(model, name, actor)
        return model

    def _content(self, request: Any, model_type: str, *, name: str | None, submit: bool) -> submissions.Content:
        check = self._validation.accepted if submit else self._validation.draft
        accepted = check(model_type, request.document, name=name)
        return submissions.Content(
            name=accepted.name,
            type=model_type,
            document=request.document,
            readme=request.readme,
            visibility=request.visibility,
            message=request.message,
            checks=accepted.checks,
        )

    def _lifecycle(self, request: Any, caller: Caller, decide: Any) -> api.LifecycleAnswer:
        bound = partial(decide, name=request.name, actor=actor_of(caller))
        executed = self._execute(request.name, caller, bound)
        return api.LifecycleAnswer(
            name=executed.outcome.name, state=executed.outcome.state, position=f"registry:{executed.position}"
        )

    def _execute(self, name: str, caller: Caller, decide: Decide) -> Executed[Model]:
        remember_command = self.commands.rows(caller)
        after: list[Model] = []

        def decide_and_note(model: Model) -> Sequence[Any]:
            decided = decide(model)
            folded = model
            for event in decided:
                folded = evolve(folded, event)
            after[:] = [folded]
            return decided

        def rows(connection: Connection) -> None:
            if remember_command is not None:
                remember_command(connection)
            self.names.remember(connection, after[0])

        return execute(
            self.store,
            stream_of(name),
            initial=Model(),
            evolve=evolve,
            decide=decide_and_note,
            metadata=actor_metadata(
                caller.user_id,
                causation_id=caller.command_id,
                correlation_id=caller.correlation_id,
                traceparent=caller.traceparent,
            ),
            rows=rows,
        )

    def _revision_answer(self, executed: Executed[Model], *, number: int = 0) -> api.RevisionAnswer:
        model = executed.outcome
        contents = [event.event for event in executed.events if isinstance(event.event, facts.RevisionContent)]
        revision = model.revisions[contents[-1].revision if contents else number or model.latest]
        content = contents[-1] if contents else revision.content
        return api.RevisionAnswer(
            name=model.name,
            type=model.type,
            revision=revision.number,
            state="approved" if revision.state == "published" else revision.state,
            visibility=content.visibility,
            document_sha256=content.document_sha256,
            position=f"registry:{executed.position}",
            unchanged=not executed.events,
            model_state=model.state,
        )
