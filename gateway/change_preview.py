"""What a change will do once it is submitted: its differences, the pull request, and who can use the model then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.change_groups import ChangeGroup, change_groups
from gateway.editing import Typed
from gateway.pull_steps import STANDING
from gateway.textdiff import TextDiff, diff_texts
from shared import upstream_layout
from shared.client_releases import ReleaseTable, Span, usability, window
from shared.contracts.catalog import Change, PullRequest
from shared.contracts.pr_bot import OpensAs
from shared.document import diff_by_field, name_of, parse
from shared.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a change is compared with: a revision, or nothing for a model to come (`revision` 0)."""

    revision: int = 0
    document: str = ""
    readme: str = ""
    visibility: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullPreview:
    """`number` is the standing request's, 0 for one to come; `branch` is what the bot first tries then."""

    title: str
    branch: str
    target: str
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreview:
    """`groups` is empty where nothing differs, or where the text cannot be read (`is_readable`)."""

    name: str
    before: Before
    is_readable: bool
    groups: list[ChangeGroup]
    text: TextDiff
    readme: TextDiff


def preview_change(draft: Typed, before: Before, *, name: str = "", whole_word: str) -> ChangePreview:
    """`name` is the model's, empty for one to come; `whole_word` heads the changes that belong to no part of it."""
    is_readable = bool(_records(draft.document))
    changes = _changes(before, draft) if is_readable and before.document else []
    return ChangePreview(
        name=name or name_in(draft.document),
        before=before,
        is_readable=is_readable,
        groups=change_groups(changes, whole_word=whole_word),
        text=diff_texts(before.document, draft.document),
        readme=diff_texts(before.readme, draft.readme),
    )


def preview_pull(
    name: str, *, standing: PullRequest | None, is_upstream: Callable[[], bool], opens: OpensAs | None, target: str
) -> PullPreview | None:
    """The standing request's own title and branch; otherwise those that the bot will give it. None where none opens.

    `is_upstream` is asked where it matters: registry reads the model for it."""
    if not name or (opens is not None and opens.kind in ("off", "paused")):
        return None
    if standing is not None and standing.number and standing.state in STANDING:
        return PullPreview(title=standing.title, branch=standing.branch, target=target, number=standing.number)
    login = opens.login if opens is not None and opens.kind == "personal" else None
    return PullPreview(
        title=upstream_layout.title("update" if is_upstream() else "add", name),
        branch=upstream_layout.branch(name, login=login),
        target=target,
    )


def clients_of_draft(table: ReleaseTable, draft: Typed, *, clients_from: str) -> tuple[Span, ...]:
    """Which supported releases can use the model as the draft says it, once submitting has stamped it."""
    records = [{"updated_at": 1, **record} for record in _records(draft.document)]
    return usability(table, draft.type, records, window(table, clients_from)) if records else ()


def _records(text: str) -> list[dict[str, Any]]:
    try:
        return [record.value for record in parse(text).records]
    except Invalid:
        return []


def name_in(text: str) -> str:
    """The model's name as its text says it, empty for none."""
    try:
        return name_of(parse(text)) or ""
    except Invalid:
        return ""


def _changes(before: Before, draft: Typed) -> list[Change]:
    try:
        found = diff_by_field(before.document or None, draft.document)
    except Invalid:
        return []
    return [
        Change(path=each.path, op=each.op, before=each.before, after=each.after, label=each.label) for each in found
    ]
