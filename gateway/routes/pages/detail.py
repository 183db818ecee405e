"""A model's page and its tabs, each with an address of its own."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import caller, manages_model, read_caller
from gateway.change_groups import change_groups
from gateway.clients import calls
from gateway.editing import Refusal
from gateway.event_words import words_of
from gateway.markup import ColouredJson, ReadmeWords, colour_json, readme_is_cut, render_readme
from gateway.model_banner import detail_href
from gateway.model_page import ModelPage, chosen_build, document_size, read_page, render_tab
from gateway.pull_branch import found_on_branch, take_over
from gateway.pull_places import placed
from gateway.pull_steps import actions_of, steps_of
from gateway.revision_changes import changes_said
from gateway.routes.lifecycle import acts_on_pull_request
from gateway.service_words import in_language
from gateway.textdiff import parse_unified
from gateway.web import go, tell
from shared.contracts import pr_bot
from shared.contracts.catalog import (
    PullRequest,
    ReadDiff,
    ReadModel,
    ReadRevision,
    ReadTimeline,
    ReviewComment,
    RevisionRow,
    Timeline,
)
from shared.errors import Conflict, Invalid, NotFound, Unavailable

blueprint = Blueprint("detail", __name__, url_prefix="/models/detail/<name>")
MOVING_POLL_S = 5
LINES = 50


@blueprint.get("")
def readme(name: str) -> str:
    """README first; facts where there is none."""
    page = read_page(name)
    text = page.model.readme
    words = ReadmeWords(image=_("image"), table=_("table"))
    return render_tab(
        "detail_readme.html",
        page,
        "",
        readme=render_readme(text, words) if text.strip() else "",
        is_cut=readme_is_cut(text),
    )


@blueprint.get("/specs")
def specs(name: str) -> str:
    """Sizes by formats, how a build is launched, and every source with its revision."""
    page = read_page(name)
    return render_tab("detail_specs.html", page, "specs", chosen=chosen_build(page))


@blueprint.get("/json")
def document(name: str) -> str:
    """The document as it is stored."""
    page = read_page(name)
    text = page.model.document
    return render_tab("detail_json.html", page, "json", json=_coloured(text), size=document_size(text))


@blueprint.get("/revisions")
def revisions(name: str) -> str:
    """All revisions that one may see, newest first; any two can be compared."""
    page = read_page(name)
    rows = named(calls().catalog.revisions(ReadModel(name=name), read_caller())).items
    return render_tab("detail_revisions.html", page, "revisions", rows=rows, changed=changes_said(page.model, rows))


@blueprint.get("/revisions/<int:number>")
def revision(name: str, number: int) -> str:
    """One revision, whatever became of it."""
    return show_revision(name, number)


def show_revision(name: str, number: int, *, why: Refusal | None = None) -> str:
    """Its page; with the comment that was typed where that was refused."""
    page = read_page(name)
    found = named(calls().catalog.revision(ReadRevision(name=name, revision=number), read_caller()))
    words = ReadmeWords(image=_("image"), table=_("table"))
    return render_tab(
        "detail_revision.html",
        page,
        "revisions",
        revision=found,
        json=_coloured(found.document),
        size=document_size(found.document),
        readme=render_readme(found.readme, words) if found.readme.strip() else "",
        findings=_findings(found.checks),
        talk=_talk(page, number) if found.row.state != "draft" else None,
        why=why,
        typed=request.form if why else {},
    )


def _talk(page: ModelPage, number: int) -> list[ReviewComment] | None:
    """What reviewers and owners said of a submitted revision, for them alone; None for others."""
    if not (page.standing.manages or page.standing.reviews):
        return None
    asked = ReadRevision(name=page.model.name, revision=number, min_position=request.args.get("min_position", ""))
    try:
        return named(calls().catalog.review_comments(asked, read_caller())).items
    except NotFound:
        # a revision of upstream's, or a withdrawn draft: nobody was ever asked about it
        return None


@blueprint.get("/compare")
def compare(name: str) -> str:
    """What changed from one revision to another, by field and as text."""
    page = read_page(name)
    rows = named(calls().catalog.revisions(ReadModel(name=name), read_caller())).items
    newest = rows[0].revision if rows else 0
    target = request.args.get("to", type=int) or newest
    against = request.args.get("from", type=int)
    diff = calls().catalog.diff(ReadDiff(name=name, revision=target, against=against), read_caller())
    return render_tab(
        "detail_compare.html",
        page,
        "revisions",
        rows=rows,
        target=target,
        against=diff.against,
        after=_row(rows, target),
        groups=change_groups(diff.changes, whole_word=_("Document")),
        text=parse_unified(diff.text),
        readme_text=parse_unified(diff.readme),
        view="split" if request.args.get("view") == "split" else "",
    )


@blueprint.get("/pull-request")
def pull_request(name: str) -> str:
    """The pull request in its state, and what can be done about it."""
    page = read_page(name)
    pull = named(placed([calls().catalog.pull_request(ReadModel(name=name), read_caller())])[0])
    words = ReadmeWords(image=_("image"), table=_("table"))
    may_act = page.standing.manages or page.standing.reviews
    branch = found_on_branch(pull) if may_act else None
    return render_tab(
        "detail_pull_request.html",
        page,
        "pull-request",
        pull=pull,
        steps=steps_of(pull),
        actions=actions_of(pull, branch=branch, manages=page.standing.manages) if may_act else [],
        branch=branch,
        branch_diff=parse_unified(branch.diff) if branch else None,
        rejected=_rejected(pull) if may_act else None,
        body=render_readme(pull.body) if pull.body else "",
        diff=parse_unified(pull.diff),
        said=[(remark, render_readme(remark.text, words) if remark.text.strip() else "") for remark in pull.remarks],
        poll_s=MOVING_POLL_S if pull.state == "queued" and not pull.reason else 0,
    )


@blueprint.post("/pull-request/<any(retry, rebuild, reopen):action>")
@acts_on_pull_request
def act_on_pull_request(name: str, action: str) -> Response:
    """Asks the bot; its page shows what came of it."""
    reason = request.form.get("reason", "").strip() or action
    asked = pr_bot.PullRequestAction(name=name, reason=reason)
    href = detail_href(name, "pull-request")
    ask: dict[str, Any] = {
        "retry": calls().pr_bot.retry,
        "rebuild": calls().pr_bot.rebuild,
        "reopen": calls().pr_bot.reopen,
    }
    try:
        answer = ask[action](asked, caller())
    except (Conflict, Invalid, Unavailable) as refusal:
        tell("bad", in_language(refusal.message))
        return go(href)
    tell("ok", _("The bot is at work; this page follows it."))
    return go(f"{href}?min_position={answer.position}" if answer.position else href)


@blueprint.post("/pull-request/take-over")
@manages_model
def take_over_branch(name: str) -> Response:
    """What a person committed to the branch becomes a revision."""
    href = detail_href(name, "pull-request")
    reason = request.form.get("reason", "").strip()
    try:
        answer = take_over(name, reason or _("Taken over from the pull request."), caller())
    except (Conflict, Invalid, Unavailable) as refusal:
        tell("bad", in_language(refusal.message))
        return go(href)
    tell(
        "ok",
        _("Revision %(number)s holds what the branch held; the bot makes the request anew.", number=answer.revision),
    )
    return go(f"{href}?min_position={answer.position}")


@blueprint.get("/timeline")
def timeline(name: str) -> str:
    """Who did what, when and why."""
    page = read_page(name)
    number = min(max(request.args.get("page", 1, type=int), 1), 100_000)
    found = _lines(name, number)
    if not found.items and found.total:
        number = math.ceil(found.total / LINES)
        found = _lines(name, number)
    lines = [(entry, words_of(entry.what, entry.revision)) for entry in found.items]
    return render_tab(
        "detail_timeline.html", page, "timeline", lines=lines, number=number, per_page=LINES, total=found.total
    )


def _lines(name: str, number: int) -> Timeline:
    asked = ReadTimeline(name=name, page=number, per_page=LINES)
    return named(calls().catalog.timeline(asked, read_caller()))


@lru_cache(maxsize=16)
def _coloured(text: str) -> ColouredJson:
    return colour_json(text)


def _rejected(pull: PullRequest) -> RevisionRow | None:
    """The revision that the draft carries, where a reviewer rejected it."""
    if pull.state != "draft" or not pull.revision:
        return None
    try:
        row = named(calls().catalog.revision(ReadRevision(name=pull.name, revision=pull.revision), read_caller())).row
    except NotFound:
        return None
    return row if row.state == "rejected" else None


def _row(rows: list[RevisionRow], number: int) -> RevisionRow | None:
    return next((row for row in rows if row.revision == number), None)


def _findings(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stored checks as findings; what they name beside, kept small."""
    return [
        {
            "state": str(check.get("level", "info")),
            "text": in_language(str(check.get("message", ""))),
            "more": str(check.get("path", "")),
        }
        for check in checks
    ]
