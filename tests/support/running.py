"""A whole hub in this process for tests: real services, databases, git; requests by Flask's client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.catalog_source import Source
from gateway.embedded import seed_upstream
from gateway.first_start import make_seal_key
from gateway.importing import import_catalogue
from gateway.running import RunningHub
from services.identity.tokens import Passwords
from shared.config import Settings, from_environment
from shared.contracts.common import Empty, Role, system_caller
from shared.contracts.identity import CreateAccount, IssueTokenFor

PASSWORD = "correct horse battery"
PEOPLE: dict[str, list[Role]] = {
    "max": ["maintainer"],
    "mia": ["maintainer"],
    "rita": ["reviewer"],
    "olga": ["operator"],
    "uma": [],
}
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


class TestHub:
    """The running hub with five people; see `PEOPLE`."""

    __test__ = False

    def __init__(self, running: RunningHub) -> None:
        self.running = running
        self.hub = running.hub
        self.calls = running.hub.calls
        self.app = running.start()
        self.app.testing = False
        self._tokens: dict[str, str] = {}

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
        store = self.hub.services[service].store
        assert store is not None, service
        return store.head()[0]

    @property
    def repository(self) -> Path:
        """The bare repository that is upstream."""
        return Path(self.running.settings.upstream.location)

    def events(self, service: str, stream: str) -> list[Any]:
        """What the stream says, in order."""
        store = self.hub.services[service].store
        assert store is not None, service
        return [recorded.event for recorded in store.read_stream(stream)]

    def look_upstream(self) -> None:
        """The hub knows what upstream's main holds now, and has done what follows."""
        self.calls.pr_bot.look(Empty(), console())
        self.settled()

    def sound(self) -> None:
        """Every stream is gapless, every row is what the logs say, nothing is parked."""
        self.settled()
        for service in self.hub.services.values():
            for check in service.doctor() if service.doctor else ():
                assert not check.differs, (check.subject, check.differs)

    def settled(self) -> None:
        """Waits until every subscription has applied all there is and no pull request is due."""

        def at_rest() -> bool:
            heads = {name: s.store.head()[0] for name, s in self.hub.services.items() if s.store is not None}
            behind = [
                s
                for service in self.hub.services.values()
                for s in service.subscriptions
                if s.position() < heads[s.source]
            ]
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
    folder: Path, *, files: Mapping[str, str] | None = None, people: bool = True, **changes: str
) -> Iterator[TestHub]:
    """A hub whose upstream holds `files` (by path in the repository) and which has imported them."""
    settings = settings_in(folder, **changes)
    source = Source(origin="test", files={path: text.encode() for path, text in (files or {}).items()})
    make_seal_key(settings)
    if settings.upstream.kind == "file" and not Path(settings.upstream.location).exists():
        seed_upstream(Path(settings.upstream.location), source.files, branch=settings.upstream_branch)
    running = RunningHub(settings)
    # Cheap hashes: five accounts a hub, and what is tested here is not how long argon2 takes.
    running.hub.services["identity"].application.passwords = Passwords(PasswordHasher(1, 8, 1))
    try:
        if source.files:
            import_catalogue(running.hub.calls.registry, source)
        if people:
            for login, roles in PEOPLE.items():
                account = CreateAccount(login=login, email=f"{login}@example.org", password=PASSWORD, roles=roles)
                running.hub.calls.identity.create_account(account, console())
        hub = TestHub(running)
        yield hub
    finally:
        running.stop()
