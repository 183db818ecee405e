"""My Models: the four axes of state of each, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import read_caller, signed_in, visitor
from gateway.clients import calls
from gateway.model_banner import detail_href
from gateway.paging import page_number
from gateway.people_words import role_word
from shared.contracts.catalog import FindMyModels, MyModelRow

PER_PAGE = 50

blueprint = Blueprint("mine", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do next: a sentence, and where."""

    word: str
    href: str = ""
    why: str = ""
    primary: bool = False


@blueprint.get("/my-models")
@signed_in
def my_models() -> str:
    """Everything one owns or was given a share in."""
    page = page_number(request.args)
    query = FindMyModels(page=page, per_page=PER_PAGE, min_position=request.args.get("min_position", ""))
    found = named(calls().catalog.my_models(query, read_caller()))
    person = visitor().person
    roles = person.roles if person else []
    return render_template(
        "my_models.html",
        found=found,
        groups=in_turn([(row, next_step(row)) for row in found.items]),
        may_register="maintainer" in roles or "operator" in roles,
        requested=person.requested_role if person else "",
        role_word=role_word,
        page_href=lambda number: f"/my-models?page={number}",
    )


def in_turn(rows: list[tuple[MyModelRow, Step]]) -> list[tuple[str, list[tuple[MyModelRow, Step]]]]:
    """Under a title each: what waits for the owner, then the rest; without a title where there is one kind alone."""
    mine = [(row, step) for row, step in rows if step.primary]
    rest = [(row, step) for row, step in rows if not step.primary]
    if not mine or not rest:
        return [("", rows)]
    return [(_("Your turn"), mine), (_("Nothing to do now"), rest)]


def next_step(row: MyModelRow) -> Step:
    """The slug as a link and its reason; `primary` where nothing goes on before the owner has done it."""
    name = row.summary.name
    if row.summary.state == "quarantined" and row.next_step in ("none", "pull-request"):
        return Step(
            word=_("See why"),
            href=detail_href(name, "timeline"),
            why=_("An operator quarantined it; clients do not get it."),
        )
    step = _steps(name, row).get(row.next_step)
    return step() if step else Step(word=_("Edit"), href=detail_href(name, "settings"), why=_standing(row))


def _steps(name: str, row: MyModelRow) -> dict[str, Callable[[], Step]]:
    """By what catalog says is next."""
    return {
        "submit": lambda: Step(
            word=_("Finish and submit"),
            href=detail_href(name, "settings"),
            why=_("Revision %(number)s is a draft.", number=row.latest_revision),
            primary=True,
        ),
        "wait-review": lambda: Step(
            word=_("See what waits"),
            href=detail_href(name, f"compare?to={row.latest_revision}"),
            why=_("Revision %(number)s waits for a reviewer.", number=row.latest_revision),
        ),
        "revise": lambda: Step(
            word=_("Revise"),
            href=detail_href(name, "settings"),
            why=_revise_why(row),
            primary=row.latest_state == "rejected",
        ),
        "merge": lambda: Step(
            word=_("Merge"),
            href=detail_href(name, "settings?merge=conflict"),
            why=_("Upstream changed the same places as you."),
            primary=True,
        ),
        "restore": lambda: Step(
            word=_("Restore"), href=f"{detail_href(name, 'settings')}/access#restore", why=_("It is archived.")
        ),
        "pull-request": lambda: Step(
            word=_("Look at the pull request"),
            href=detail_href(name, "pull-request"),
            why=_("The pull request needs a person."),
            primary=True,
        ),
    }


def _standing(row: MyModelRow) -> str:
    if row.summary.state == "deprecated":
        return str(_("Deprecated; clients still get it."))
    if row.pull_request_state == "open":
        return str(_("Published; upstream decides about the pull request."))
    if row.pull_request_state == "merged":
        return str(_("Published, and upstream has it."))
    return str(_("Nothing to do."))


def _revise_why(row: MyModelRow) -> str:
    if row.latest_state == "withdrawn":
        return str(_("Revision %(number)s was withdrawn.", number=row.latest_revision))
    said = row.feedback.strip().splitlines()
    if said:
        return str(_("Rejected: “%(feedback)s”", feedback=said[0][:140]))
    return str(_("Revision %(number)s was rejected.", number=row.latest_revision))
