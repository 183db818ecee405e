"""The operator page: services and their lag, parked streams, upstream; mail and the audit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import caller, read_caller, requires
from gateway.clients import calls
from gateway.event_words import kinds, words_of
from gateway.load_charts import last_hour
from gateway.names import about
from gateway.paging import address, page_number, words
from gateway.routes.audit import csv_of, find_audit
from gateway.routes.operations import read_operations, retry
from gateway.routes.pages.tabs import operations_tabs
from gateway.service_words import in_language
from gateway.start_marks import import_problems
from gateway.states import look_of
from gateway.web import go, tell
from shared.contracts.catalog import FindAudit, Timeline
from shared.contracts.common import Empty, ServiceOperations
from shared.contracts.pr_bot import ControlPullRequests
from shared.contracts.wire import load
from shared.errors import HubError, Invalid

AUDIT_A_PAGE = 50
IMPORT_TROUBLE = ("ImportBlocked", "RemovedUpstream", "MergeConflicted")

blueprint = Blueprint("operations_pages", __name__, url_prefix="/operations")


@blueprint.get("")
@requires("operator")
def operations() -> str:
    """What runs, how far behind it is, and what needs a hand."""
    found = named(read_operations())
    return render_template(
        "operations.html",
        tabs=operations_tabs(""),
        found=found,
        trouble=_import_trouble(),
        not_imported=import_problems(current_app.extensions["hub_settings"]),
        state_of=service_state,
        figure_word=figure_word,
        words_of=words_of,
        now=time.time(),
        total_lag=sum(one.lag for service in found.services for one in service.subscriptions),
        hour=last_hour(current_app.extensions["hub_load"].samples(), _("All logs")),
        has_broker=any(service.relay or service.delivery for service in found.services),
    )


def service_state(service: ServiceOperations) -> str:
    """The worst of a service's subscriptions, relay and delivery: stopped, parked, waiting, running."""
    states = {one.state for one in service.subscriptions}
    if "stopped" in states:
        return "stopped"
    if service.parked:
        return "parked"
    beside = (service.relay, service.delivery)
    return "waiting" if any(part is not None and part.error for part in beside) else "running"


def figure_word(name: str) -> str:
    """What a figure of a service counts, such as `pull_requests_open`; an unknown one by its own name."""
    known = {
        "due": _("Models due"),
        "generation": _("Generation"),
        "projection_version": _("Version of the tables"),
        "rebuilding": _("Being rebuilt"),
        "rebuild_error": _("Error of the last rebuild"),
    }
    counted, _prefix, state = name.partition("pull_requests_")
    if state and not counted:
        return str(_("Pull requests: %(state)s", state=look_of("pull_request", state).word))
    return str(known.get(name, name.replace("_", " ")))


def _import_trouble() -> list[Any]:
    """The newest of what upstream and the hub disagree about."""
    lines = []
    for what in IMPORT_TROUBLE:
        lines += named(calls().catalog.audit(FindAudit(what=what, per_page=5), read_caller())).items
    return sorted(lines, key=lambda entry: -entry.at)[:10]


@blueprint.post("/parked/<path:parked_id>/retry")
@requires("operator")
def retry_stream(parked_id: str) -> Response:
    """Reads a parked stream again."""
    return _done(lambda: retry(parked_id), _("The stream was read again from the event that failed."), "#parked")


@blueprint.post("/rebuild-catalog")
@requires("operator")
def rebuild() -> Response:
    """Builds the read models anew beside the served ones."""
    told = _("The catalogue is built anew beside the served one; pages go on meanwhile.")
    return _done(lambda: calls().catalog.rebuild(Empty(), caller()), told)


@blueprint.post("/pull-requests")
@requires("operator")
def control_pull_requests() -> Response:
    """Pauses, resumes, caps, and lets several models of one owner share a request."""
    given = request.form
    try:
        wanted = load(
            ControlPullRequests,
            {
                "reason": given.get("reason", ""),
                "paused": bool(given.get("paused")),
                "most_open": number_of(given.get("most_open", "")),
                "most_per_hour": number_of(given.get("most_per_hour", "")),
                "batch": bool(given.get("batch")),
            },
        )
    except Invalid as refused:
        tell("bad", in_language(refused.message))
        return go("/operations#upstream")
    told = _("Pull requests are paused.") if wanted.paused else _("Pull requests go on.")
    return _done(lambda: calls().pr_bot.control(wanted, caller()), told, "#upstream")


def number_of(text: str) -> int:
    """0 for an empty field; what is no number is refused by its range."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1 if text else 0


@blueprint.post("/look-upstream")
@requires("operator")
def look() -> Response:
    """Looks at upstream now."""
    told = _("The bot looks at upstream now.")
    return _done(lambda: calls().pr_bot.look(Empty(), caller()), told, "#upstream")


def _done(act: Any, told: str, place: str = "") -> Response:
    try:
        act()
    except HubError as error:
        tell("bad", in_language(error.message))
    else:
        tell("ok", told)
    return go(f"/operations{place}")


@blueprint.get("/mail")
@requires("operator")
def mail() -> str:
    """Mails that lie in the outbox, where no mail server is set."""
    found = calls().identity.outbox(Empty(), read_caller()).items
    return render_template("operations_mail.html", tabs=operations_tabs("mail"), mails=found)


@blueprint.get("/audit")
@requires("operator")
def audit() -> str:
    """Everything that happened, newest first."""
    given = audit_form()
    page = page_number(request.args)
    error = ""
    found = Timeline()
    try:
        found = find_audit(audit_query(given, page=page))
    except Invalid as refused:
        error = refused.message
    kept = {key: value for key, value in given.items() if value}
    return render_template(
        "operations_audit.html",
        tabs=operations_tabs("audit"),
        given=given,
        error=error,
        found=named(found),
        lines=[(entry, words_of(entry.what, entry.revision), about(entry.subject)) for entry in named(found).items],
        kinds=[("", _("Everything")), *kinds()],
        export_href=f"/operations/audit.csv?{urlencode(kept)}",
        page_href=lambda number: address("/operations/audit", page=number, **kept),
    )


@blueprint.get("/audit.csv")
@requires("operator")
def audit_csv() -> Response:
    """The same lines for a spreadsheet, the newest ten thousand."""
    return csv_of(audit_query(audit_form(), page=1))


def audit_form() -> dict[str, str]:
    return {key: words(request.args, key, 100) for key in ("q", "actor", "what", "since", "until")}


def audit_query(given: Mapping[str, str], *, page: int) -> FindAudit:
    return FindAudit(
        q=given["q"],
        actor=given["actor"],
        what=given["what"],
        since=day(given["since"]),
        until=day(given["until"], end=True),
        page=page,
        per_page=AUDIT_A_PAGE,
    )


def day(text: str, *, end: bool = False) -> float:
    """Midnight UTC of a date as forms send it, of the day after for `end`; 0 for none."""
    try:
        begin = datetime.fromisoformat(text[:10]).replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return begin.timestamp() + (86_400 if end else 0)
