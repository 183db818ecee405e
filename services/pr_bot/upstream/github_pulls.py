"""What GitHub says of pull requests, in the hub's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from services.pr_bot.upstream import CheckRun, Pull, Remark
from services.pr_bot.upstream.github_content import seconds

MARK = "<!-- models-hub:"
# In the body of a request that the hub closed itself: one call closes it and says so.
CLOSED = f"{MARK}closed -->"
READY = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
DRAFT = "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"

_NEUTRAL = ("neutral", "skipped", "cancelled", "stale")


def pull_of(data: Mapping[str, Any]) -> Pull:
    state = "merged" if data.get("merged_at") else str(data["state"])
    by_hub = CLOSED in (data.get("body") or "")
    return Pull(
        number=data["number"],
        url=data["html_url"],
        branch=data["head"]["ref"],
        base=data["base"]["ref"],
        title=data["title"],
        body=body_of(data, is_open=state == "open"),
        draft=bool(data.get("draft")),
        state=state,
        head_sha=data["head"]["sha"],
        merge_sha=(data.get("merge_commit_sha") or "") if state == "merged" else "",
        closed_by=("hub" if by_hub else "upstream") if state == "closed" else "",
        updated_at=float(seconds(data["updated_at"])),
    )


def body_of(data: Mapping[str, Any], *, is_open: bool) -> str:
    """As the hub writes it: GitHub's pages turn line ends. The mark of a closed one is none of it."""
    text = str(data.get("body") or "").replace("\r\n", "\n")
    if not is_open:
        text = text.replace(CLOSED, "")
    text = text.rstrip()
    return f"{text}\n" if text else ""


def remark_of(data: Mapping[str, Any], kind: Literal["comment", "review", "line"]) -> Remark | None:
    """None for the hub's own, for programs' and for reviews that say nothing."""
    user = data.get("user") or {}
    text = str(data.get("body") or "")
    verdict = str(data.get("state", "")).lower() if kind == "review" else ""
    at = data.get("submitted_at") or data.get("created_at")
    if MARK in text or user.get("type") == "Bot" or not at or (verdict in ("commented", "pending") and not text):
        return None
    return Remark(
        id=f"{kind}-{data['id']}",
        author=str(user.get("login") or "ghost"),
        text=text,
        url=str(data.get("html_url") or ""),
        at=seconds(at),
        kind=kind,
        path=str(data.get("path") or "") if kind == "line" else "",
        verdict=verdict,
    )


def check_of(data: Mapping[str, Any]) -> CheckRun:
    state: Literal["pending", "success", "failure", "neutral"] = "pending"
    if data["status"] == "completed":
        outcome = data.get("conclusion")
        state = "success" if outcome == "success" else "neutral" if outcome in _NEUTRAL else "failure"
    return CheckRun(name=data["name"], state=state, url=str(data.get("html_url") or data.get("details_url") or ""))


def status_of(data: Mapping[str, Any]) -> CheckRun:
    states: dict[str, Literal["pending", "success", "failure"]] = {"success": "success", "pending": "pending"}
    return CheckRun(
        name=data["context"], state=states.get(data["state"], "failure"), url=str(data.get("target_url") or "")
    )
