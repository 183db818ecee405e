"""What a submission changes, in lines a reviewer can judge: by part of the document, with what follows from each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from gateway.change_groups import change_groups
from gateway.review_clients import SPEC, Clients
from shared.contracts.catalog import Change
from shared.document import locate_all
from shared.errors import HubError

COMMIT = re.compile(r'"[0-9a-f]{40}"')


@dataclass(frozen=True, slots=True)
class Note:
    """What follows from a change; `tone` is empty or warn."""

    text: str
    tone: str = ""


Rule = Callable[[Change], Note | None]


def review_groups(changes: Sequence[Change], document: str, clients: Clients) -> list[dict[str, Any]]:
    """Groups of `ui.changes`; each line with its consequence and where it stands in the text diff."""
    shown = [change for change in changes if not _is_stamp(change)]
    lines = _lines([change.path for change in shown if change.op != "remove"], document)
    groups = change_groups(shown, whole_word=_("Model"))
    ordered = iter(_in_order_of(groups, shown))
    result = []
    for group in groups:
        items = []
        for item in group.items:
            change = next(ordered)
            note = client_note(change, clients) or note_of(change)
            line = lines.get(change.path, 0) if change.op != "remove" else 0
            items.append(
                {
                    "op": item.op,
                    "label": item.label,
                    "before": _spec_words(change, change.before) or item.before,
                    "after": _spec_words(change, change.after) or item.after,
                    "note": note.text if note else "",
                    "tone": note.tone if note else "",
                    "href": f"#diff-{line}" if line else "",
                    "line": line,
                }
            )
        result.append({"title": group.title, "items": items})
    return result


def _spec_words(change: Change, raw: str | None) -> str:
    """A whole form as its first source says it: `owner/name · Int4, Int8`; empty for what is no form."""
    if raw is None or not SPEC.match(change.path):
        return ""
    try:
        sources = json.loads(raw)["model_src"]
        source = next(iter(sources.values()))
        words = [source["model_id"], ", ".join(source.get("quantizations") or [])]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ""
    return " · ".join(str(word) for word in words if word)


def summary(changes: Sequence[Change]) -> str:
    """`2 added, 1 removed, 4 changed`."""
    ops = [change.op for change in changes if not _is_stamp(change)]
    words = {
        "add": _("%(num)s added", num=ops.count("add")),
        "remove": _("%(num)s removed", num=ops.count("remove")),
        "change": _("%(num)s changed", num=ops.count("change")),
    }
    return ", ".join(word for op, word in words.items() if op in ops)


def _is_stamp(change: Change) -> bool:
    """The hub sets `updated_at` with each submission; nobody has to judge it."""
    return change.path.endswith("/updated_at")


def _in_order_of(groups: Sequence[Any], changes: Sequence[Change]) -> list[Change]:
    """The changes in the order in which the groups show them."""
    by_title: dict[str, list[Change]] = {}
    for change in changes:
        first, _separator, rest = change.label.partition(" · ")
        by_title.setdefault(first if rest else _("Model"), []).append(change)
    return [change for group in groups for change in by_title[group.title]]


def _lines(paths: Sequence[str], document: str) -> dict[str, int]:
    try:
        return {path: place.line for path, place in locate_all(document, paths).items()}
    except HubError:
        return {}


def client_note(change: Change, clients: Clients) -> Note | None:
    """Which releases cannot read a model with what the change adds."""
    releases = clients.strangers_to(change)
    if not releases:
        return None
    return Note(_("Xinference %(releases)s cannot read a model that has it.", releases=releases), "warn")


def note_of(change: Change) -> Note | None:
    """The first rule that has something to say."""
    return next((note for rule in RULES if (note := rule(change)) is not None), None)


def _last(change: Change) -> str:
    tokens = [token for token in change.path.split("/") if token and not token.isdigit()]
    return tokens[-1] if tokens else ""


def _spec(change: Change) -> Note | None:
    if not SPEC.match(change.path):
        return None
    if change.op == "remove":
        return Note(_("Copies that were downloaded keep working. New launches of this form fail."), "warn")
    return Note(_("Can be launched once it is approved.")) if change.op == "add" else None


def _revision(change: Change) -> Note | None:
    if not _last(change).endswith("model_revision"):
        return None
    if change.after is not None and COMMIT.fullmatch(change.after):
        return Note(_("Pinned to a commit: what clients load cannot change by itself."))
    return Note(_("Floating: what clients load can change without a review."), "warn")


def _repository(change: Change) -> Note | None:
    if not _last(change).endswith("model_id") or change.op != "change":
        return None
    return Note(_("Clients download other weights at the next launch."), "warn")


def _quantizations(change: Change) -> Note | None:
    if _last(change) != "quantizations":
        return None
    if change.op == "remove":
        return Note(_("New launches that ask for this build fail."), "warn")
    return Note(_("One more build to choose.")) if change.op == "add" else None


def _context(change: Change) -> Note | None:
    if _last(change) not in ("context_length", "max_tokens"):
        return None
    before, after = change.before or "", change.after or ""
    if before.isdigit() and after.isdigit() and int(after) > int(before):
        return Note(_("Larger than before: check that every form in the document reaches it."), "warn")
    return None


def _environment(change: Change) -> Note | None:
    if "/virtualenv" not in change.path:
        return None
    return Note(_("Clients build the model's environment anew at the next launch."))


def _template(change: Change) -> Note | None:
    if _last(change) not in ("chat_template", "stop", "stop_token_ids"):
        return None
    return Note(_("Changes what the model is sent in every chat, or where it stops."), "warn")


def _ability(change: Change) -> Note | None:
    if _last(change) != "model_ability":
        return None
    if change.op == "remove":
        return Note(_("Clients no longer offer it for this."), "warn")
    return Note(_("Clients offer it for this.")) if change.op == "add" else None


RULES: tuple[Rule, ...] = (
    _spec,
    _revision,
    _repository,
    _quantizations,
    _context,
    _environment,
    _template,
    _ability,
)
