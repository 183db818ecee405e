"""How each state looks: a tone, an icon and a word, always all three."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is a CSS tone (plain, accent, ok, warn, bad, info), `icon` a name in frontend/icons.txt."""

    tone: str
    icon: str
    word: LazyString | str


LOOKS: dict[str, dict[str, Look]] = {
    "revision": {
        "draft": Look("info", "pencil", _l("Draft")),
        "submitted": Look("warn", "clock", _l("Pending review")),
        "approved": Look("ok", "check-circle-fill", _l("Approved")),
        "rejected": Look("bad", "x-circle-fill", _l("Rejected")),
        "withdrawn": Look("plain", "undo", _l("Withdrawn")),
        "superseded": Look("plain", "skip", _l("Superseded")),
        "imported": Look("ok", "sync", _l("Imported from upstream")),
    },
    "model": {
        "unpublished": Look("plain", "issue-draft", _l("Not published")),
        "published": Look("ok", "check-circle-fill", _l("Published")),
        "deprecated": Look("warn", "alert-fill", _l("Deprecated")),
        "archived": Look("plain", "archive", _l("Archived")),
        "quarantined": Look("bad", "shield-x", _l("Quarantined")),
    },
    "visibility": {
        "public": Look("plain", "globe", _l("Public")),
        "enterprise": Look("plain", "organization", _l("Enterprise")),
        "private": Look("plain", "lock", _l("Private")),
    },
    "review": {
        "pending": Look("warn", "clock", _l("Pending")),
        "approved": Look("ok", "check-circle-fill", _l("Approved")),
        "rejected": Look("bad", "x-circle-fill", _l("Rejected")),
        "superseded": Look("plain", "skip", _l("Superseded")),
        "withdrawn": Look("plain", "undo", _l("Withdrawn")),
    },
    "pull_request": {
        "none": Look("plain", "circle-slash", _l("None")),
        "queued": Look("info", "clock", _l("Queued")),
        "draft": Look("plain", "git-pull-request-draft", _l("Draft")),
        "open": Look("ok", "git-pull-request", _l("Open")),
        "merged": Look("accent", "git-merge", _l("Merged")),
        "closed": Look("bad", "git-pull-request-closed", _l("Closed")),
        "superseded": Look("plain", "skip", _l("Superseded")),
        "noop": Look("plain", "circle-slash", _l("Nothing to change")),
        "failed": Look("bad", "x-circle-fill", _l("Failed")),
        "conflicted": Look("warn", "alert-fill", _l("Conflict")),
        "paused": Look("warn", "stop", _l("Paused")),
    },
    "pull_check": {
        "pending": Look("info", "clock", _l("Running")),
        "success": Look("ok", "check-circle-fill", _l("Passed")),
        "failure": Look("bad", "x-circle-fill", _l("Failed")),
        "neutral": Look("plain", "circle-slash", _l("Skipped")),
    },
    "pull_verdict": {
        "approved": Look("ok", "check-circle-fill", _l("Approved")),
        "changes_requested": Look("bad", "x-circle-fill", _l("Changes requested")),
        "commented": Look("plain", "comment", _l("Reviewed")),
    },
    "mark": {
        "featured": Look("accent", "star-fill", _l("Featured")),
        "pending": Look("warn", "clock", _l("Update pending")),
        "served": Look("accent", "server", _l("Served to clients")),
        "withheld": Look("warn", "alert-fill", _l("Not in the client list")),
        "remote-code": Look("warn", "code", _l("Remote code")),
        "pinned": Look("ok", "lock", _l("Pinned")),
        "floating": Look("plain", "git-commit", _l("Floating")),
        "new": Look("accent", "plus", _l("New model")),
    },
    "check": {
        "ok": Look("ok", "check-circle-fill", _l("Passed")),
        "warning": Look("warn", "alert-fill", _l("Warning")),
        "error": Look("bad", "x-circle-fill", _l("Error")),
        "info": Look("info", "info", _l("Note")),
    },
    "account": {
        "active": Look("ok", "check-circle-fill", _l("Active")),
        "disabled": Look("bad", "circle-slash", _l("Disabled")),
    },
    "work": {
        "running": Look("ok", "sync", _l("Running")),
        "waiting": Look("plain", "clock", _l("Waiting")),
        "stopped": Look("bad", "stop", _l("Stopped")),
        "parked": Look("warn", "alert-fill", _l("Parked")),
    },
}

TYPES: dict[str, LazyString | str] = {
    "llm": _l("LLM"),
    "embedding": _l("Embedding"),
    "rerank": _l("Rerank"),
    "image": _l("Image"),
    "audio": _l("Audio"),
    "video": _l("Video"),
    "world": _l("World"),
    "flexible": _l("Flexible"),
}

FORMATS = {
    "pytorch": "PyTorch",
    "ggufv2": "GGUF",
    "gptq": "GPTQ",
    "awq": "AWQ",
    "mlx": "MLX",
    "fp8": "FP8",
    "fp4": "FP4",
    "bnb": "BNB",
}


def look_of(axis: str, state: str) -> Look:
    """The look of a state; one without an entry shows its own word, plainly."""
    return LOOKS.get(axis, {}).get(state) or Look("plain", "dot-fill", state)


def type_word(model_type: str) -> LazyString | str:
    return TYPES.get(model_type, model_type)


def format_word(model_format: str) -> str:
    return FORMATS.get(model_format, model_format)
