"""Search and export of what happened in the hub."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

from flask import Response

from gateway.answers import named
from gateway.auth import read_caller, requires
from gateway.blueprints import Routes
from gateway.clients import calls
from gateway.names import about, actor_id
from shared.contracts import catalog as read
from shared.contracts.wire import query_schema_of, schema_of

COLUMNS = ("time", "actor", "what", "model", "revision", "why", "position", "about", "subject")
EXPORTED = 10_000

blueprint = Routes("audit", __name__, url_prefix="/api/v1/audit", description="What happened, for operators")


@blueprint.route("")
@requires("operator")
@blueprint.arguments(query_schema_of(read.FindAudit), location="query")
@blueprint.response(200, schema_of(read.Timeline))
def audit(query: read.FindAudit) -> read.Timeline:
    """Events of all logs, newest first."""
    return named(find_audit(query))


def find_audit(query: read.FindAudit) -> read.Timeline:
    """The lines that the query finds; its `actor` may be a login. People are ids in the answer."""
    return calls().catalog.audit(replace(query, actor=actor_id(query.actor)), read_caller())


@blueprint.route("/export")
@requires("operator")
@blueprint.arguments(query_schema_of(read.FindAudit), location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def export(query: read.FindAudit) -> Response:
    """The same as CSV, the newest ten thousand rows."""
    return csv_of(query)


def csv_of(query: read.FindAudit) -> Response:
    """The lines that the query finds, as a file for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    page, written = 1, 0
    while written < EXPORTED:
        found = named(find_audit(replace(query, page=page, per_page=200)))
        for entry in found.items:
            time = datetime.fromtimestamp(entry.at, UTC).isoformat()
            what = (time, entry.actor, entry.what, entry.model_name, entry.revision, entry.why, entry.position)
            writer.writerow([_inert(value) for value in (*what, about(entry.subject), entry.subject)])
        written += len(found.items)
        page += 1
        if written >= found.total or not found.items:
            break
    return Response(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=audit.csv"},
    )


def _inert(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
