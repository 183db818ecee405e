"""Two things at once, and what the logs say of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from werkzeug.test import TestResponse

from shared.events import review as verdicts
from tests.support.models import llm
from tests.support.running import Api, TestHub
from tests.support.stages import body_of

Act = Callable[[], TestResponse]


def at_once(*acts: Act) -> list[TestResponse]:
    """Every act in a thread of its own, let go together."""
    barrier = Barrier(len(acts))

    def run(act: Act) -> TestResponse:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def post(api: Api, path: str, body: Any) -> Act:
    return partial(api.post, path, body)


def approval(hub: TestHub, name: str, revision: int, sha256: str) -> Act:
    return post(hub.api("rita"), f"/models/{name}/revisions/{revision}/approve", {"document_sha256": sha256})


def story(hub: TestHub, name: str) -> list[str]:
    return [type(event).__name__ for event in hub.events("registry", f"model-{name.lower()}")]


def events_of(hub: TestHub, name: str, kind: type) -> list[Any]:
    return [event for event in hub.events("registry", f"model-{name.lower()}") if isinstance(event, kind)]


def verdicts_of(hub: TestHub, name: str) -> dict[int, str]:
    """The last thing that review's stream says of each revision."""
    found = hub.events("review", f"review-{name.lower()}")
    return {event.revision: type(event).__name__ for event in found if not isinstance(event, verdicts.ReviewCommented)}


def detail(hub: TestHub, name: str) -> dict[str, Any]:
    found: dict[str, Any] = hub.api("olga").get(f"/models/{name}").get_json()
    return found


def pull_request(hub: TestHub, name: str) -> dict[str, Any]:
    found: dict[str, Any] = hub.api("olga").get(f"/models/{name}/pull-request").get_json()
    return found


def revision_of(name: str, base: int, **changes: Any) -> dict[str, Any]:
    return body_of(name, visibility="public", base_revision=base, document=llm(name, **changes))
