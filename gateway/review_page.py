"""What the review page shows of one submission: changes, verdict, text with its threads, the way to its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.answers import named
from gateway.auth import caller, read_caller, visitor
from gateway.clients import calls
from gateway.editing import Refusal
from gateway.markup import ReadmeWords, render_readme
from gateway.model_page import client_rows, records_of
from gateway.paging import address
from gateway.review_changes import review_groups, summary
from gateway.review_clients import Clients, clients_of
from gateway.review_feedback import feedback_groups, feedback_text
from gateway.review_threads import Spot, Threads, spot_of, threads_of
from gateway.service_words import in_language
from gateway.textdiff import TextDiff, parse_unified
from gateway.textdiff_context import MOST, hides_lines, widened
from shared.client_release_table import packaged_table
from shared.contracts import review as api
from shared.contracts.catalog import Diff, ReadDiff, ReadRevision, ReviewDetail, RevisionRow
from shared.errors import NotFound, Unavailable

MORE = 20
"""Lines that one more look around adds on each side of a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for. `against` 0 compares with what clients have."""

    view: str = ""
    against: int = 0
    spot: Spot | None = None
    template: str = ""
    context: int = 0

    def query(self, **changes: str | int) -> dict[str, str | int]:
        return {"view": self.view, "against": self.against, "context": self.context, **changes}


def asked_of(args: Any) -> Asked:
    """An address that people share never fails: what makes no sense is left out."""
    against, context = (spot_of(args.get(key, ""), "") for key in ("against", "context"))
    return Asked(
        view="split" if args.get("view") == "split" else "",
        against=against.line if against else 0,
        spot=spot_of(args.get("line", ""), args.get("side", "")),
        template=args.get("template", "")[:40],
        context=min(context.line, MOST) if context else 0,
    )


def review_href(name: str, number: int) -> str:
    return f"/reviews/{quote(name, safe='')}/{number}"


def review_context(name: str, number: int, *, why: Refusal | None, part: str) -> dict[str, Any]:
    """The template's words; raises NotFound for what one may not see. Notes that the reviewer looked at it."""
    asked = asked_of(request.values)
    read = ReadRevision(name=name, revision=number, min_position=request.args.get("min_position", ""))
    detail = named(calls().catalog.review(read, read_caller()))
    looked = last_look(detail)
    diff = _diff(detail, asked.against)
    typed = request.form if why else {}
    return {
        "review": detail,
        "row": detail.row,
        "diff": diff,
        "groups": review_groups(diff.changes, detail.document, _clients(detail.row.type)),
        "summary": summary(diff.changes),
        "base_published": _is_published(detail),
        "looked": looked if looked != detail.base else 0,
        "against": asked.against if diff.against == asked.against else 0,
        "neighbours": calls().catalog.review_neighbours(read, read_caller()),
        "feedback": typed.get("feedback", "") if part == "verdict" else feedback_text(asked.template),
        "why": why,
        "part": part,
        "typed": typed,
        **_verdict_words(detail),
        **_text_words(detail, diff, asked),
    }


def _verdict_words(detail: ReviewDetail) -> dict[str, Any]:
    return {
        "findings": findings(detail),
        "clients": client_rows(detail.feed.releases),
        "standing": standing(detail),
        "verdicts": earlier_verdicts(detail),
        "templates": feedback_groups(),
    }


def _text_words(detail: ReviewDetail, diff: Diff, asked: Asked) -> dict[str, Any]:
    """The text's difference with its threads, and the addresses of its other views."""
    path = review_href(detail.row.name, detail.row.revision)
    text = widened(_text_of(diff.text), detail.document, asked.context)
    threads = threads_of(text, detail.comments, against=diff.against, asked=asked.spot)
    return {
        "text": text,
        "threads": threads,
        "asked_quote": _asked_quote(detail, threads),
        "readme_diff": _text_of(diff.readme),
        "readme": _readme(detail.readme) if not detail.base else "",
        "view": asked.view,
        "context": asked.context,
        "path": path,
        "more_href": _more_href(path, asked, hidden=hides_lines(text, detail.document)),
        "line_href": f"{address(path, **asked.query())}{'&' if any(asked.query().values()) else '?'}",
        "address_of": lambda **changes: address(path, **asked.query(**changes)),
    }


def _more_href(path: str, asked: Asked, *, hidden: bool) -> str:
    """Where more of the lines around the changes are shown; empty where there are none, or enough are shown."""
    if not hidden or asked.context >= MOST:
        return ""
    return f"{address(path, **asked.query(context=asked.context + MORE))}#diff"


def last_look(detail: ReviewDetail) -> int:
    """The newest earlier revision that the reviewer looked at or decided, 0 for none."""
    person = visitor().person
    mine = [
        each.revision
        for each in detail.history
        if person is not None and each.reviewer == person.login and each.revision < detail.row.revision
    ]
    looking = api.Look(name=detail.row.name, revision=detail.row.revision)
    try:
        mine.append(calls().review.look(looking, caller()).previous)
    except Unavailable:
        # the page itself is catalog's: what is remembered of earlier looks is worth no refusal
        return max(mine, default=0)
    return max(mine)


def _diff(detail: ReviewDetail, against: int) -> Diff:
    """Against what clients have, or against an earlier revision that was asked for."""
    if against in (0, detail.base) or against >= detail.row.revision:
        return detail.diff
    asked = ReadDiff(name=detail.row.name, revision=detail.row.revision, against=against)
    try:
        return calls().catalog.diff(asked, read_caller())
    except NotFound:
        return detail.diff


@lru_cache(maxsize=32)
def _text_of(unified: str) -> TextDiff:
    return parse_unified(unified)


@lru_cache(maxsize=16)
def _clients_from(model_type: str, clients_from: str) -> Clients:
    return clients_of(packaged_table(), model_type, clients_from)


def _clients(model_type: str) -> Clients:
    return _clients_from(model_type, current_app.extensions["hub_settings"].clients_from)


def _readme(text: str) -> Any:
    return render_readme(text, ReadmeWords(image=_("image"), table=_("table")))


def _is_published(detail: ReviewDetail) -> bool:
    """Whether the revision compared with was approved: a model that is new has only earlier submissions."""
    return any(each.revision == detail.base and each.state == "approved" for each in detail.history)


def _asked_quote(detail: ReviewDetail, threads: Threads) -> str:
    """The text of a line that is asked for though the diff does not show it; empty where there is none."""
    spot = threads.asked
    if spot is None or threads.quote is not None or spot.side != "new":
        return ""
    lines = detail.document.split("\n")
    return lines[spot.line - 1].strip()[:300] if spot.line <= len(lines) else ""


def standing(detail: ReviewDetail) -> str:
    """Why there is no verdict to give: `closed`, `newer`, `own`; `open` where there is, `own-allowed` with a mark."""
    if detail.row.state != "pending":
        return "closed"
    if detail.newer_revision:
        return "newer"
    person = visitor().person
    if person is None or person.login not in (detail.row.submitter, *detail.owners):
        return "open"
    return "own-allowed" if current_app.extensions["hub_settings"].self_review else "own"


def earlier_verdicts(detail: ReviewDetail) -> list[RevisionRow]:
    """Of the model's earlier revisions, the newest first."""
    return [each for each in detail.history if each.reviewer and each.revision < detail.row.revision][:5]


def findings(detail: ReviewDetail) -> list[dict[str, Any]]:
    """Stored checks, what clients make of it, and what the pull request touches."""
    found: list[dict[str, Any]] = []
    for check in detail.row.checks:
        level = str(check.get("level", "info"))
        found.append(
            {"state": level, "text": in_language(str(check.get("message", ""))), "more": str(check.get("path", ""))}
        )
    if detail.row.visibility == "public":
        if not detail.feed.served:
            found.append(
                {"state": "warning", "text": _("Kept out of the client list"), "more": in_language(detail.feed.reason)}
            )
        elif detail.feed.repaired:
            found.append({"state": "info", "text": _("Repaired for older clients"), "more": detail.feed.repaired})
        found += _reach(detail)
    pull = detail.pull_request
    if pull is not None and pull.diff:
        diff = parse_unified(pull.diff)
        lines = f"+{diff.added} −{diff.removed}"
        found.append({"state": "info", "text": _("Pull request: %(lines)s lines", lines=lines), "more": pull.branch})
    return found


def _reach(detail: ReviewDetail) -> list[dict[str, Any]]:
    """Releases that gain or lose the model against what clients have now."""
    if not detail.base or not detail.diff.changes:
        return []
    base = calls().catalog.revision(ReadRevision(name=detail.row.name, revision=detail.base), read_caller())
    gained, lost = _clients(detail.row.type).gained_and_lost(records_of(base.document), records_of(detail.document))
    found = []
    if lost:
        found.append({"state": "warning", "text": _("Releases that lose the model"), "more": lost})
    if gained:
        found.append({"state": "ok", "text": _("Releases that gain the model"), "more": gained})
    return found


def age_words(seconds: int) -> str:
    """How long somebody has waited: minutes, hours, days."""
    if seconds < 3600:
        return str(ngettext("%(num)s minute", "%(num)s minutes", max(1, seconds // 60)))
    if seconds < 86_400:
        return str(ngettext("%(num)s hour", "%(num)s hours", seconds // 3600))
    return str(ngettext("%(num)s day", "%(num)s days", seconds // 86_400))
