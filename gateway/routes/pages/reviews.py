"""Review List and review page: what changes, the verdict, the text; bound to the content that was read."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.answers import named
from gateway.auth import caller, read_caller, requires
from gateway.clients import calls
from gateway.editing import Refusal, plain_lines, refusal
from gateway.errors import status_of
from gateway.model_banner import detail_href
from gateway.names import submitter_id
from gateway.paging import address, one_of, page_number, words
from gateway.review_page import age_words, asked_of, review_context, review_href
from gateway.review_threads import spot_of
from gateway.routes.pages.detail import show_revision
from gateway.routes.reviews import comments_on_model, reviews_model
from gateway.states import look_of, type_word
from gateway.web import go, tell
from shared.contracts import review as api
from shared.contracts.catalog import FindReviews, ReviewRow
from shared.errors import HubError
from shared.model_facts import TYPES

STATES = ("pending", "approved", "rejected", "all")
PER_PAGE = 25
CHECKED = ("quality", "completeness", "compliance")

blueprint = Blueprint("review_pages", __name__)


@blueprint.get("/reviews")
@requires("reviewer", "operator")
def review_list() -> str:
    """What waits for a verdict, the longest first; others by state."""
    state = one_of(request.args, "state", STATES, "pending")
    author = words(request.args, "submitter", 254)
    query = FindReviews(
        state=cast(Any, state),
        type=one_of(request.args, "type", TYPES),
        q=words(request.args),
        submitter=submitter_id(author),
        sort=cast(Any, one_of(request.args, "sort", ("age", "-age"), "age" if state == "pending" else "-age")),
        page=page_number(request.args),
        per_page=PER_PAGE,
        min_position=request.args.get("min_position", ""),
    )
    found = named(calls().catalog.reviews(query, read_caller()))
    kept = {"type": query.type, "q": query.q, "submitter": author, "sort": query.sort if "sort" in request.args else ""}
    return render_template(
        "reviews.html",
        query=query,
        author=author,
        found=found,
        rows=[(row, checks_word(row)) for row in found.items],
        tabs=_state_tabs(query, kept),
        types=[("", _("Every type")), *((name, type_word(name)) for name in TYPES)],
        age=age_words,
        page_href=lambda page: address("/reviews", state=state, page=page, **kept),
    )


def _state_tabs(query: FindReviews, kept: dict[str, str]) -> list[dict[str, Any]]:
    titles = {state: look_of("review", state).word for state in STATES} | {"all": _("All")}
    tabs = []
    for state in STATES:
        counted = FindReviews(state=cast(Any, state), type=query.type, q=query.q, submitter=query.submitter, per_page=1)
        tabs.append(
            {
                "href": address("/reviews", state=state if state != "pending" else "", **kept),
                "word": titles[state],
                "count": calls().catalog.reviews(counted, read_caller()).total,
                "current": state == query.state,
            }
        )
    return tabs


def checks_word(row: ReviewRow) -> dict[str, str]:
    """The stored checks in one word: the worst of them."""
    levels = [str(check.get("level", "")) for check in row.checks]
    if errors := levels.count("error"):
        return {"state": "error", "word": ngettext("%(num)s error", "%(num)s errors", errors)}
    if warnings := levels.count("warning"):
        return {"state": "warning", "word": ngettext("%(num)s warning", "%(num)s warnings", warnings)}
    return {"state": "ok", "word": _("Checks passed")}


@blueprint.get("/reviews/<name>/<int:number>")
@reviews_model
def review_page(name: str, number: int) -> Response:
    """One submission beside what clients have now."""
    return _page(name, number)


@blueprint.post("/reviews/<name>/<int:number>")
@reviews_model
def decide(name: str, number: int) -> Response:
    """Approve or reject; a refusal keeps the feedback."""
    verdict = request.form.get("verdict", "")
    feedback = plain_lines(request.form.get("feedback", "")).strip()
    if verdict == "approve":
        feedback = "\n\n".join(part for part in (feedback, _checked()) if part)
    command = api.Verdict(
        name=name,
        revision=number,
        document_sha256=request.form.get("document_sha256", ""),
        feedback=feedback,
    )
    try:
        if verdict == "approve":
            answer = calls().review.approve(command, caller())
            tell("ok", _("Approved. It is published within a moment."))
        else:
            answer = calls().review.reject(command, caller())
            tell("ok", _("Rejected. The submitter gets your feedback."))
    except HubError as error:
        return _page(name, number, why=refusal(error, status=status_of(error)), part="verdict")
    return go(f"{review_href(answer.name, number)}?min_position={answer.position}")


def _checked() -> str:
    """What the reviewer ticked, kept with the verdict in English, as the log is."""
    ticked = [name for name in CHECKED if request.form.get(name)]
    return f"Checked: {', '.join(ticked)}." if ticked else ""


@blueprint.post("/reviews/<name>/<int:number>/comments")
@reviews_model
def comment(name: str, number: int) -> Response:
    """Says something; owners are told."""
    text, spot = request.form.get("comment", ""), spot_of(request.form.get("line", ""), request.form.get("side", ""))
    command = api.Comment(
        name=name,
        revision=number,
        feedback=plain_lines(text).strip(),
        document_sha256=request.form.get("document_sha256", ""),
        line=spot.line if spot else 0,
        side="old" if spot and spot.side == "old" else "new",
        against=_against() if spot and spot.side == "old" else 0,
    )
    try:
        answer = calls().review.comment(command, caller())
    except HubError as error:
        why = refusal(error, status=status_of(error), fields={"feedback": "comment"})
        return _page(name, number, why=why, part="thread" if spot else "comment")
    tell("ok", _("Your comment is there for the owners to read."))
    asked = asked_of(request.form).query(min_position=answer.position)
    return go(address(review_href(answer.name, number), **asked) + (f"#thread-{spot.key}" if spot else "#comments"))


def _against() -> int:
    """The revision whose line is meant, as the page said."""
    text = request.form.get("base", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0


@blueprint.post("/models/detail/<name>/revisions/<int:number>/comments")
@comments_on_model
def answer_comment(name: str, number: int) -> Response:
    """Owners answer where they see what was said: on the revision's own page; a refusal keeps the text."""
    spot = spot_of(request.form.get("line", ""), "")
    text = plain_lines(request.form.get("comment", "")).strip()
    command = api.Comment(name=name, revision=number, feedback=text, line=spot.line if spot else 0)
    try:
        answer = calls().review.comment(command, caller())
    except HubError as error:
        why = refusal(error, status=status_of(error), fields={"feedback": "comment"})
        return make_response(show_revision(name, number, why=why), why.status)
    tell("ok", _("Your comment is there for the reviewers to read."))
    return go(f"{detail_href(answer.name)}/revisions/{number}?min_position={answer.position}#comments")


@blueprint.post("/reviews/<name>/<int:number>/claim")
@reviews_model
def claim(name: str, number: int) -> Response:
    """Tells the other reviewers that somebody is at it."""
    answer = calls().review.claim(api.Claim(name=name, revision=number), caller())
    tell("ok", _("The list shows others that you are at it."))
    return go(f"{review_href(answer.name, number)}?min_position={answer.position}")


def _page(name: str, number: int, *, why: Refusal | None = None, part: str = "") -> Response:
    html = render_template("review.html", age=age_words, **review_context(name, number, why=why, part=part))
    return make_response(html, why.status if why else 200)
