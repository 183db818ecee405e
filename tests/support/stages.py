"""Models brought through the API to the state that a test starts from."""

from __future__ import annotations

from typing import Any

from tests.support.models import llm
from tests.support.running import PEOPLE, TestHub, until

Json = dict[str, Any]
OWNED = ["revisions", "visibility", "groups", "owners", "deprecate", "archive", "restore"]
OPERATED = ["quarantine", "quarantine/lift", "feature"]
"""Under /models/<name>/: what owners and operators, and what operators alone may POST."""


def body_of(name: str, **changes: Any) -> Json:
    """What POST /models takes: a valid, private, submitted model."""
    return {"type": "llm", "document": llm(name), "readme": "# x", "visibility": "private", "message": "m"} | changes


def registered(hub: TestHub, name: str, *, person: str = "max", **changes: Any) -> Json:
    """The answer to a registration; private unless said otherwise."""
    return hub.api(person).made("/models", body_of(name, **changes))


def drafted(hub: TestHub, name: str, **changes: Any) -> Json:
    return registered(hub, name, submit=False, **changes)


def approved(hub: TestHub, name: str, revision: int, sha256: str) -> Json:
    """The answer to rita's approval; publication follows."""
    return hub.api("rita").made(f"/models/{name}/revisions/{revision}/approve", {"document_sha256": sha256})


def published(hub: TestHub, name: str, **changes: Any) -> Json:
    """The answer to a registration whose revision is published by now."""
    answer = registered(hub, name, **changes)
    approved(hub, name, answer["revision"], answer["document_sha256"])
    until(lambda: state_of(hub, name) == "published", what=f"{name} is published")
    return answer


def state_of(hub: TestHub, name: str) -> str:
    """The model's state as catalog shows it to an operator, empty where it does not know the model."""
    found = hub.api("olga").get(f"/models/{name}")
    return str(found.get_json()["state"]) if found.status_code == 200 else ""


def three_models(hub: TestHub) -> None:
    """Of max: `pub` published, `pend` private and waiting for its review, `draft` never submitted."""
    published(hub, "pub", visibility="public")
    registered(hub, "pend")
    drafted(hub, "draft")
    for person in PEOPLE:
        hub.token(person)
    hub.settled()
