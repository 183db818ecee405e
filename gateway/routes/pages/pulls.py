"""The pull requests of the models one may see, by state."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import read_caller
from gateway.clients import calls
from gateway.pull_places import placed, upstream_state
from gateway.states import LOOKS, look_of
from shared.contracts.catalog import FindPulls

PER_PAGE = 50
ORDER = ("open", "draft", "queued", "failed", "conflicted", "paused", "merged", "closed", "superseded", "noop", "none")

# Models without a request: counted beside, listed only where one asks for them.
WITHOUT_REQUEST = frozenset({"noop", "none"})

blueprint = Blueprint("pulls", __name__)


@blueprint.get("/pulls")
def pulls() -> str:
    """All of them, or those in one state."""
    state = request.args.get("state", "")
    state = state if state in LOOKS["pull_request"] else ""
    page = request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 1 <= len(page) <= 5 else 1
    asked = FindPulls(state=state, page=max(1, number), per_page=PER_PAGE)
    found = named(calls().catalog.pulls(asked, read_caller()))
    found = replace(found, items=placed(found.items))
    return render_template(
        "pulls.html",
        found=found,
        state=state,
        tabs=_tabs(found.counts, state),
        href=lambda page: _address(state, page),
        upstream=upstream_state(),
        now=time.time(),
        moving=any(pull.state == "queued" and not pull.reason for pull in found.items),
    )


def _tabs(counts: dict[str, int], state: str) -> list[dict[str, Any]]:
    """All, then the states that occur; the chosen one is always there."""
    listed = sum(count for name, count in counts.items() if name not in WITHOUT_REQUEST)
    tabs: list[dict[str, Any]] = [{"href": "/pulls", "word": _("All"), "count": listed, "current": not state}]
    for name in ORDER:
        if counts.get(name) or name == state:
            word = look_of("pull_request", name).word
            tabs.append({"href": _address(name), "word": word, "count": counts.get(name, 0), "current": name == state})
    return tabs


def _address(state: str, page: int = 1) -> str:
    pairs = [("state", state), ("page", str(page) if page > 1 else "")]
    query = urlencode([pair for pair in pairs if pair[1]])
    return f"/pulls?{query}" if query else "/pulls"
