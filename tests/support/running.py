"""A whole hub for tests: real services, databases, git; requests by Flask's client, the app in this process.

`embedded`: the services are in this process too. `split`: each is a process of its own, over RabbitMQ and PostgreSQL.
Both are the same to a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.catalog_source import Source
from gateway.embedded import EmbeddedHub, seed_upstream
from gateway.first_start import make_seal_key
from gateway.importing import import_catalogue
from gateway.running import RunningHub
from services.identity.tokens import Passwords
from shared.config import Settings, from_environment
from shared.contracts.common import Empty, Role, system_caller
from shared.contracts.identity import CreateAccount, IssueTokenFor
from shared.doctor import Check
from shared.event_store.interface import EventStore, RecordedEvent
from shared.service import Calls

PASSWORD = "correct horse battery"
PEOPLE: dict[str, list[Role]] = {
    "max": ["maintainer"],
    "mia": ["maintainer"],
    "rita": ["reviewer"],
    "olga": ["operator"],
    "uma": [],
}
LOGS = ("registry", "review", "identity", "pr_bot")
MODES = ("embedded", "split")
DEADLINE_S = 20.0
Found = TypeVar("Found")


def until(look: Callable[[], Found | None], *, what: str, deadline_s: float = DEADLINE_S) -> Found:
    """What `look` answers once it is true; fails with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not in {deadline_s} s: {what}")
        time.sleep(0.02)


class Api:
    """The REST API as one person sees it, by API token; `None` is an anonymous visitor."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._client.get(f"/api/v1{path}", headers=self._headers, query_string=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return self._client.post(f"/api/v1{path}", json=body, headers=headers)

    def made(self, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        """The answer to a POST that must succeed."""
        response = self.post(path, body, key=key)
        assert response.status_code < 300, (path, response.status_code, response.text)
        answer: dict[str, Any] = response.get_json()
        return answer

    def put(self, path: str, body: Any) -> TestResponse:
        return self._client.put(f"/api/v1{path}", json=body, headers=self._headers)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self._client.patch(f"/api/v1{path}", json=body, headers=self._headers)

    def delete(self, path: str) -> TestResponse:
        return self._client.delete(f"/api/v1{path}", headers=self._headers)

    def raw(self, method: str, path: str, **arguments: Any) -> TestResponse:
        """Any request, with this person's token."""
        headers = {**self._headers, **arguments.pop("headers", {})}
        return self._client.open(f"/api/v1{path}", method=method, headers=headers, **arguments)


class Hosted(Protocol):
    """The services of a hub under test, wherever they run."""

    @property
    def settings(self) -> Settings: ...

    @property
    def calls(self) -> Calls: ...

    def start(self) -> Flask: ...

    def stop(self) -> None: ...

    def store(self, service: str) -> EventStore: ...

    def positions(self) -> Iterable[tuple[str, int]]:
        """(source, position) of every subscription."""

    def doctor(self) -> Iterable[Check]: ...


class Embedded:
    """All of it in this process, as `models-hub run` has it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.running = RunningHub(settings)
        # Cheap hashes: five accounts a hub, and what is tested here is not how long argon2 takes.
        self.running.hub.services["identity"].application.passwords = Passwords(PasswordHasher(1, 8, 1))

    @property
    def calls(self) -> Calls:
        return self.running.hub.calls

    def start(self) -> Flask:
        return self.running.start()

    def stop(self) -> None:
        self.running.stop()

    def store(self, service: str) -> EventStore:
        store = self.running.hub.services[service].store
        assert store is not None, service
        return store

    def positions(self) -> Iterable[tuple[str, int]]:
        for service in self.running.hub.services.values():
            yield from ((subscription.source, subscription.position()) for subscription in service.subscriptions)

    def doctor(self) -> Iterable[Check]:
        for service in self.running.hub.services.values():
            yield from service.doctor() if service.doctor else ()


class TestHub:
    """The running hub with five people; see `PEOPLE`."""

    __test__ = False

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.settings = hosted.settings
        self.app = hosted.start()
        self.calls = hosted.calls
        self.app.testing = False
        self._tokens: dict[str, str] = {}

    @property
    def running(self) -> RunningHub:
        """For tests that reach into an embedded hub."""
        assert isinstance(self.hosted, Embedded), "this test is about an embedded hub"
        return self.hosted.running

    @property
    def hub(self) -> EmbeddedHub:
        return self.running.hub

    def api(self, person: str | None, scope: str = "admin") -> Api:
        """`person` with a token of that scope."""
        return Api(self.app.test_client(), self.token(person, scope) if person else None)

    def token(self, person: str, scope: str = "admin") -> str:
        key = f"{person}/{scope}"
        if key not in self._tokens:
            request = IssueTokenFor(login=person, name="test", scope=scope)  # type: ignore[arg-type]
            self._tokens[key] = self.calls.identity.issue_token_for(request, console()).secret
        return self._tokens[key]

    def heads(self, *services: str) -> dict[str, int]:
        """The newest position of each service's log; without names of all that people write to."""
        names = services or ("registry", "review", "identity")
        return {name: self._head(name) for name in names}

    def _head(self, service: str) -> int:
        return self.hosted.store(service).head()[0]

    @property
    def repository(self) -> Path:
        """The bare repository that is upstream."""
        return Path(self.settings.upstream.location)

    def events(self, service: str, stream: str) -> list[Any]:
        """What the stream says, in order."""
        return [recorded.event for recorded in self.hosted.store(service).read_stream(stream)]

    def log(self, service: str) -> list[RecordedEvent]:
        """All that the service has ever said."""
        return list(self.hosted.store(service).read_log(after=0, mark=None, limit=10**6).events)

    def look_upstream(self) -> None:
        """The hub knows what upstream's main holds now, and has done what follows."""
        self.calls.pr_bot.look(Empty(), console())
        self.settled()

    def sound(self) -> None:
        """Every stream is gapless, every row is what the logs say, nothing is parked."""
        self.settled()
        for check in self.hosted.doctor():
            assert not check.differs, (check.subject, check.differs)

    def settled(self) -> None:
        """Waits until every subscription has applied all there is and no pull request is due."""

        def at_rest() -> bool:
            heads = self.heads(*LOGS)
            behind = [source for source, position in self.hosted.positions() if position < heads[source]]
            return not behind and not self._due()

        until(lambda: at_rest() and at_rest(), what="every log applied and no pull request due", deadline_s=60)

    def _due(self) -> int:
        return int(self.calls.pr_bot.upstream(Empty(), console()).due)


def console() -> Any:
    return system_caller("console", command_id=str(uuid4()))


def settings_in(folder: Path, **changes: str) -> Settings:
    """Settings of a hub in `folder` that imports nothing by itself."""
    environment = {"HUB_DATA_DIR": str(folder / "var"), "HUB_CATALOG_SOURCE": "none", "HUB_UPSTREAM_POLL_S": "1"}
    return from_environment({**environment, **changes}, here=folder)


@contextmanager
def running_hub(
    folder: Path, *, files: Mapping[str, str] | None = None, people: bool = True, mode: str = "embedded", **changes: str
) -> Iterator[TestHub]:
    """A hub whose upstream holds `files` (by path in the repository) and which has imported them."""
    settings = settings_in(folder, **changes)
    source = Source(origin="test", files={path: text.encode() for path, text in (files or {}).items()})
    make_seal_key(settings)
    if settings.upstream.kind == "file" and not Path(settings.upstream.location).exists():
        seed_upstream(Path(settings.upstream.location), source.files, branch=settings.upstream_branch)
    with ExitStack() as stack:
        hosted = _hosted(settings, changes, mode=mode, stack=stack)
        stack.callback(hosted.stop)
        if source.files:
            import_catalogue(hosted.calls.registry, source)
        if people:
            for login, roles in PEOPLE.items():
                account = CreateAccount(login=login, email=f"{login}@example.org", password=PASSWORD, roles=roles)
                hosted.calls.identity.create_account(account, console())
        yield TestHub(hosted)


def _hosted(settings: Settings, changes: Mapping[str, str], *, mode: str, stack: ExitStack) -> Hosted:
    if mode == "embedded":
        return Embedded(settings)
    # Loaded here alone: tests of one process need no servers.
    from tests.support.split_running import split

    return stack.enter_context(split(settings, changes))
