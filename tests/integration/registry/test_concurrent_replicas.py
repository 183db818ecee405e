"""Two replicas of registry and review on PostgreSQL: writers beside each other, and every row is what the logs say."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from gateway.embedded import EmbeddedHub
from shared.contracts import registry as api
from shared.contracts import review as verdicts
from shared.contracts.common import Caller
from shared.errors import HubError, Unavailable
from shared.migrations import migrate
from tests.support.models import llm
from tests.support.running import settings_in, until
from tests.support.servers import postgresql

SERVICES = ("registry", "review")
ROUNDS = 12


def caller(person: str, *roles: str, key: str = "") -> Caller:
    command_id = key or str(uuid4())
    return Caller(user_id=person, roles=["user", *roles], command_id=command_id, idempotent=bool(key))


MAX = partial(caller, "max", "maintainer")
RITA = partial(caller, "rita", "reviewer")
OLGA = partial(caller, "olga", "operator")


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[list[EmbeddedHub]]:
    """Each with subscriptions of its own; nothing tells one of them of the other's commits."""
    with ExitStack() as stack:
        urls = {name: stack.enter_context(postgresql().database()) for name in SERVICES}
        for name, url in urls.items():
            migrate(name, url)
        settings = replace(settings_in(tmp_path), database_urls=urls)
        hubs = [EmbeddedHub(settings, only=SERVICES) for _ in range(2)]
        for hub in hubs:
            hub.start()
            stack.callback(hub.stop)
        yield hubs


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """The answers, or the refusals, of all of them, let go together; none may be an outage or a fault."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except HubError as refusal:
            assert not isinstance(refusal, Unavailable), refusal
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def registration(name: str) -> api.RegisterModel:
    return api.RegisterModel(type="llm", document=llm(name), readme="# one", visibility="public", message="first")


def sound(hubs: list[EmbeddedHub]) -> None:
    """Both have applied all there is; every row is what the logs say, nothing is parked."""

    def at_rest() -> bool:
        stores = {name: store for name in SERVICES if (store := hubs[0].services[name].store) is not None}
        heads = {name: store.head()[0] for name, store in stores.items()}
        return all(
            subscription.position() == heads[subscription.source]
            for hub in hubs
            for service in hub.services.values()
            for subscription in service.subscriptions
            if subscription.source in heads
        )

    until(lambda: at_rest() and at_rest(), what="both replicas have applied both logs")
    for service in hubs[0].services.values():
        assert service.doctor is not None
        for check in service.doctor():
            assert not check.differs, (check.subject, check.differs)


def test_of_racing_registrations_one_holds_the_name(replicas: list[EmbeddedHub]) -> None:
    for number in range(ROUNDS):
        acts = [partial(hub.calls.registry.register, registration(f"m-{number}"), MAX()) for hub in replicas * 3]
        answers = at_once(*acts)
        assert len([answer for answer in answers if isinstance(answer, api.RevisionAnswer)]) == 1
    sound(replicas)


def test_the_same_command_on_both_replicas_is_one(replicas: list[EmbeddedHub]) -> None:
    for number in range(ROUNDS):
        key = str(uuid4())
        acts = [partial(hub.calls.registry.register, registration(f"m-{number}"), MAX(key=key)) for hub in replicas * 3]
        answers = at_once(*acts)
        assert {(answer.name, answer.revision, answer.position) for answer in answers} == {
            (f"m-{number}", 1, answers[0].position)
        }
    sound(replicas)


def test_one_key_for_two_requests_at_once_carries_out_one_of_them(replicas: list[EmbeddedHub]) -> None:
    for number in range(ROUNDS):
        key = str(uuid4())
        acts = [
            partial(hub.calls.registry.register, registration(f"{side}-{number}"), MAX(key=key))
            for side, hub in zip("ab", replicas, strict=True)
        ]
        refused = [answer for answer in at_once(*acts) if isinstance(answer, HubError)]
        assert [refusal.error_slug for refusal in refused] == ["idempotency-key-reused"]
    sound(replicas)


def test_verdicts_edits_and_states_at_once_leave_rows_that_the_logs_say(replicas: list[EmbeddedHub]) -> None:
    chance = random.Random(7)
    one, other = replicas
    for number in range(ROUNDS):
        name = f"m-{number}"
        made = one.calls.registry.register(registration(name), MAX())
        until(partial(_is_requested, other, name), what=f"{name} waits for its review")
        approve = verdicts.Verdict(name=name, revision=1, document_sha256=made.document_sha256)
        revised = api.ReviseModel(
            name=name, document=llm(name, context_length=number + 1), base_revision=1, message="next"
        )
        acts: list[Callable[[], Any]] = [
            partial(one.calls.review.approve, approve, RITA()),
            partial(other.calls.registry.revise, revised, MAX()),
            partial(one.calls.registry.feature, api.Feature(name=name, featured=True, reason="good"), OLGA()),
            partial(other.calls.registry.deprecate, api.Lifecycle(name=name, reason="old"), MAX()),
            partial(one.calls.registry.change_owners, api.ChangeMembers(name=name, add=["mia"], reason="helps"), MAX()),
        ]
        chance.shuffle(acts)
        at_once(*acts)
    sound(replicas)


def _is_requested(hub: EmbeddedHub, name: str) -> bool:
    store = hub.services["review"].store
    assert store is not None
    return bool(store.read_stream(f"review-{name}"))
