"""A pull request's title, body and comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.pr_bot.rules.batch_proof import BatchProof
from services.pr_bot.rules.inert import cell, code, inert, quoted
from services.pr_bot.rules.proof import Proof
from shared.document import Change

DIFF_CHARS = 200_000
BODY_CHARS = 60_000  # GitHub's limit is 65,536
_TABLE_CHARS = 36_000
_SHOWN_CHANGES = 100
_SHOWN_WARNINGS = 10
# Of a body for several models; its proof and the words around it take the rest.
_SECTIONS_CHARS = 36_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the body tells. `page_url` is the hub's page of the revision; `reviewer` is empty while there is none."""

    model: str
    model_type: str
    revision: int
    submitter: str
    message: str
    is_published: bool
    page_url: str
    changes: Sequence[Change]
    proof: Proof
    kind: Literal["add", "update", "remove"] = "update"
    reviewer: str = ""
    is_rejected: bool = False
    warnings: Sequence[str] = ()
    reason: str = ""


def title_of(text: str) -> str:
    return inert(text)[:250]


def body_of(account: Account) -> str:
    """The whole body, in Markdown, the same for the same account."""
    parts = [_summary(account)]
    if account.message.strip():
        parts.append("**What the submitter says**\n\n" + quoted(account.message))
    parts += [_changes(account), _checks(account), _proof(account.proof), _footer()]
    return "\n\n".join(part for part in parts if part) + "\n"


def batch_body_of(accounts: Sequence[Account]) -> str:
    """The body of a request for several models: a section each, none at another's expense, and one proof of all."""
    room = _SECTIONS_CHARS // len(accounts)
    parts = [f"{len(accounts)} models of one owner, each approved in Models Hub by itself and as described below."]
    for account in accounts:
        parts.append(f"### {code(account.model)}")
        parts += [part for part in _section(account, room) if part]
    parts += [_proof(BatchProof.of([account.proof for account in accounts])), _footer()]
    return "\n\n".join(parts) + "\n"


def _section(account: Account, room: int) -> list[str]:
    """At most `room` characters of changes, message and checks together; the diff and the hub's page have the rest."""
    summary, checks = _summary(account), _checks(account, most=min(_SHOWN_WARNINGS, room // 1_000))
    message = quoted(account.message, limit=room // 6) if account.message.strip() else ""
    room -= len(summary) + len(checks) + len(message)
    said = "**What the submitter says**\n\n" + message if message else ""
    return [summary, said, _changes(account, room=max(room, 0)), checks]


def rejection(revision: int, feedback: str) -> str:
    """The comment that a reviewer's no becomes."""
    said = f" The reviewer says:\n\n{quoted(feedback)}" if feedback.strip() else ""
    return (
        f"A reviewer of Models Hub rejected revision {revision}, so this request is a draft until a newer revision "
        f"is approved.{said}"
    )


def closing(reason: str) -> str:
    """The comment that says why the hub closes a request."""
    return f"Closed by Models Hub:\n\n{quoted(reason)}"


def date_of(newest_updated_at: int | None, *, base_date_s: int) -> int:
    """The commit's date: the document's own time, or its base's where the document has none."""
    if newest_updated_at is not None and 0 < newest_updated_at < 2**32:
        return newest_updated_at
    return base_date_s


def cut(diff: str) -> str:
    """At most DIFF_CHARS characters, ended at a line."""
    if len(diff) <= DIFF_CHARS:
        return diff
    note = "\n… cut here; the branch holds the rest\n"
    return diff[: diff.rfind("\n", 0, DIFF_CHARS - len(note))] + note


def _summary(account: Account) -> str:
    if account.kind == "remove":
        return (
            f"Removes {code(account.model)} ({code(account.model_type)}): {code(account.reason or 'archived')} "
            f"in [Models Hub]({account.page_url})."
        )
    verb = {"add": "Adds", "update": "Updates"}[account.kind]
    return (
        f"{verb} {code(account.model)} ({code(account.model_type)}) as [revision {account.revision} in Models Hub]"
        f"({account.page_url}). Submitted by {code(account.submitter)}. {_verdict(account)}"
    )


def _verdict(account: Account) -> str:
    if account.is_published:
        return f"Reviewed and approved by {code(account.reviewer)}." if account.reviewer else "Published in the hub."
    if account.is_rejected:
        return "Rejected by a reviewer of the hub; a draft until a newer revision is approved."
    return "Not reviewed in the hub yet; a draft until then."


def _changes(account: Account, *, room: int = _TABLE_CHARS) -> str:
    if not account.changes:
        return ""
    rows: list[str] = []
    for change in account.changes[:_SHOWN_CHANGES]:
        row = _row(change)
        room -= len(row) + 1
        if room < 0:
            break
        rows.append(row)
    more = len(account.changes) - len(rows)
    tail = [f"\n… and {more} more; the diff shows all."] if more else []
    return "\n".join(["**What changes**\n", "| change | field | before | after |", "|---|---|---|---|", *rows, *tail])


def _row(change: Change) -> str:
    place = cell(change.label or change.path or "/")
    return f"| {change.op} | {place} | {_value(change.before)} | {_value(change.after)} |"


def _value(text: str | None) -> str:
    return "" if text is None else cell(text)


def _checks(account: Account, *, most: int = _SHOWN_WARNINGS) -> str:
    if account.kind == "remove":
        return ""
    if not account.warnings:
        return "**Checks**: the hub's validation passed without a warning."
    shown = [f"- {code(warning)}" for warning in account.warnings[:most]]
    more = len(account.warnings) - len(shown)
    tail = [f"- … and {more} more"] if more else []
    return "\n".join(["**Checks**: the hub's validation passed and warns:\n", *shown, *tail])


def _proof(proof: Proof | BatchProof) -> str:
    files = "one file" if isinstance(proof, Proof) else "only these files"
    return "\n".join(
        [
            f"**Proof** that this is one commit, {files}, and no other model's bytes. In a clone of this repository or "
            "of a fork, this command:\n",
            "```sh",
            proof.command(),
            "```\n",
            "prints (“others” are all other records of the file, byte for byte: the same before and after):\n",
            "```text",
            proof.printed(),
            "```",
        ]
    )


def _footer() -> str:
    return (
        "This request is kept up to date by Models Hub: rebuilt as one commit when the target branch moves, "
        "left alone as soon as somebody else commits to its branch."
    )
