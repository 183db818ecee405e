"""What a delivery of GitHub points at. Pure; whatever is of another shape than GitHub's reads as nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.contracts.pr_bot import Heard

LONGEST = 255
Payload = Mapping[str, Any]
Place = tuple[int, str, str]
NOWHERE: Place = (0, "", "")


def repository_of(payload: Payload) -> str:
    """`owner/name`, empty where the delivery is about none."""
    return _text(payload, "repository", "full_name")


def hint(event: str, payload: Payload, *, delivery: str) -> Heard | None:
    """Where to look; None for events that say nothing of pull requests, main or releases."""
    place = _PLACES.get(event)
    if place is None:
        return None
    number, branch, sha = place(payload)
    return Heard(event=event, action=_text(payload, "action"), delivery=delivery, number=number, branch=branch, sha=sha)


def _of_pull(payload: Payload) -> Place:
    number = _number(payload, "pull_request", "number")
    head = ("pull_request", "head")
    return number, _text(payload, *head, "ref"), _text(payload, *head, "sha")


def _of_comment(payload: Payload) -> Place:
    """Comments on pull requests come as those of issues."""
    return _number(payload, "issue", "number"), "", ""


def _of_check_run(payload: Payload) -> Place:
    run = _at(payload, "check_run")
    return _first_pull(run), _text(run, "check_suite", "head_branch"), _text(run, "head_sha")


def _of_check_suite(payload: Payload) -> Place:
    suite = _at(payload, "check_suite")
    return _first_pull(suite), _text(suite, "head_branch"), _text(suite, "head_sha")


def _of_status(payload: Payload) -> Place:
    branches = _at(payload, "branches")
    first = branches[0] if isinstance(branches, list) and branches else {}
    return 0, _text(first, "name"), _text(payload, "sha")


def _of_push(payload: Payload) -> Place:
    return 0, _text(payload, "ref"), _text(payload, "after")


def _of_create(payload: Payload) -> Place:
    kind = "tags" if _text(payload, "ref_type") == "tag" else "heads"
    return 0, f"refs/{kind}/{_text(payload, 'ref')}", ""


def _of_release(payload: Payload) -> Place:
    return 0, f"refs/tags/{_text(payload, 'release', 'tag_name')}", ""


_PLACES: Mapping[str, Callable[[Payload], Place]] = {
    "pull_request": _of_pull,
    "pull_request_review": _of_pull,
    "pull_request_review_comment": _of_pull,
    "issue_comment": _of_comment,
    "check_run": _of_check_run,
    "check_suite": _of_check_suite,
    "status": _of_status,
    "push": _of_push,
    "create": _of_create,
    "release": _of_release,
}
EVENTS = tuple(_PLACES)


def _first_pull(payload: Any) -> int:
    """0 for a pull request from a fork, of which checks know nothing."""
    pulls = _at(payload, "pull_requests")
    return _number(pulls[0], "number") if isinstance(pulls, list) and pulls else 0


def _text(payload: Any, *names: str) -> str:
    found = _at(payload, *names)
    return found if isinstance(found, str) and len(found) <= LONGEST and found.isprintable() else ""


def _number(payload: Any, *names: str) -> int:
    found = _at(payload, *names)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**53 else 0


def _at(payload: Any, *names: str) -> Any:
    for name in names:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    return payload
