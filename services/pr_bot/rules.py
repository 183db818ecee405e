"""What a pull request says, and how what people wrote is kept from acting on the place it is said at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.document import Change

DIFF_CHARS = 200_000
_BODY_CHARS = 60_000  # GitHub's limit is 65,536
_SHOWN_CHANGES = 60
_SHOWN_CHARS = 160

# Each becomes itself with a zero-width space inside: read the same, but no mention, no reference, no closing word.
_ACTING = re.compile(r"@|#|://|\bGH-|\bwww\.")
_BREAK = "\u200b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The one file a request changes. Texts are empty where the file is not there."""

    path: str
    base_sha: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the body tells. `before` and `after` are the model's documents, empty where there is none."""

    model: str
    model_type: str
    revision: int
    submitter: str
    message: str
    is_published: bool
    page_url: str
    branch: str
    changes: Sequence[Change]
    proof: Proof
    kind: Literal["add", "update", "remove"] = "update"

    @property
    def removal(self) -> bool:
        return self.kind == "remove"


def inert(text: str) -> str:
    """`text` that reads the same and neither mentions, links nor closes anything, on one line."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _ACTING.sub(lambda found: found[0][0] + _BREAK + found[0][1:], flat)


def code(text: str, *, limit: int = _SHOWN_CHARS) -> str:
    """`text` as an inline code span of a table cell."""
    flat = inert(text)
    shown = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def quoted(text: str) -> str:
    """`text` as a fenced block, line by line."""
    lines = [inert(line) for line in text.splitlines()][:40]
    fence = "`" * max(3, max((len(run) for line in lines for run in re.findall("`+", line)), default=0) + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def title_of(text: str) -> str:
    return inert(text)[:250]


def body_of(account: Account) -> str:
    """The whole body, in Markdown."""
    parts = [_summary(account)]
    if account.message.strip():
        parts.append("**What the submitter says**\n\n" + quoted(account.message[:4000]))
    parts += [_changes(account), _proof(account), _footer(account)]
    return "\n\n".join(part for part in parts if part)[:_BODY_CHARS] + "\n"


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
    verb = {"add": "Adds", "update": "Updates", "remove": "Removes"}[account.kind]
    state = "published in the hub" if account.is_published else "waiting for its review in the hub (draft until then)"
    return (
        f"{verb} {code(account.model)} ({account.model_type}) as [revision {account.revision} in Models Hub]"
        f"({account.page_url}), {state}. Submitted by {code(account.submitter)}."
    )


def _changes(account: Account) -> str:
    if not account.changes:
        return ""
    rows = [_row(change) for change in account.changes[:_SHOWN_CHANGES]]
    more = len(account.changes) - len(rows)
    tail = [f"\n… and {more} more; the diff shows all."] if more else []
    return "\n".join(["**What changes**\n", "| change | field | before | after |", "|---|---|---|---|", *rows, *tail])


def _row(change: Change) -> str:
    place = code(change.label or change.path or "/")
    return f"| {change.op} | {place} | {_value(change.before)} | {_value(change.after)} |"


def _value(text: str | None) -> str:
    return "" if text is None else code(text)


def _proof(account: Account) -> str:
    proof = account.proof
    base = proof.base_sha
    return "\n".join(
        [
            "**Proof**: one file, only this model's own bytes.\n",
            "| file | SHA-256 | recompute |",
            "|---|---|---|",
            f"| before | `{_sha256(proof.before)}` | `git show {base}:{proof.path} \\| sha256sum` |",
            f"| after | `{_sha256(proof.after)}` | `git show {account.branch}:{proof.path} \\| sha256sum` |",
            f"\n`git diff --numstat {base} {account.branch}` lists everything this request touches.",
        ]
    )


def _footer(account: Account) -> str:
    return (
        "This request is kept up to date by Models Hub: rebuilt as one commit when the target branch moves, "
        "left alone as soon as somebody else commits to its branch."
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else "none (no such file)"
