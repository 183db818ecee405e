"""Operators' work with people and groups: roles, requests, disabling, members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext as _

from gateway.auth import caller, forget_everyone, read_caller, requires
from gateway.clients import calls
from gateway.editing import Refusal, refusal
from gateway.errors import status_of
from gateway.paging import address, one_of, page_number, words
from gateway.people_words import ROLES, role_word
from gateway.routes.bodies import UserBody
from gateway.routes.pages.tabs import operations_tabs
from gateway.routes.users import change_of
from gateway.web import go, tell
from shared.contracts import identity as api
from shared.contracts.common import Empty
from shared.errors import HubError

PER_PAGE = 25
GRANTED = ("maintainer", "reviewer", "operator")

blueprint = Blueprint("people_pages", __name__, url_prefix="/operations")


@blueprint.get("/people")
@requires("operator")
def people() -> Response:
    """People by login, and what they ask for."""
    return _people_page()


@blueprint.post("/people/<login>")
@requires("operator")
def change_person(login: str) -> Response:
    """Sets roles, grants or declines a request, disables or enables."""
    try:
        told = _change(login)
    except HubError as error:
        return _people_page(refusal(error, status=status_of(error)), login)
    tell("ok", told)
    return go(address("/operations/people", q=request.form.get("q", ""), role=request.form.get("role_filter", "")))


def _change(login: str) -> str:
    action, reason = request.form.get("action", ""), request.form.get("reason", "").strip()
    wished = cast(Any, request.form.get("wished", ""))
    changes: dict[str, Callable[[], tuple[api.ChangeUser, str]]] = {
        "grant": lambda: (
            api.ChangeUser(login=login, add_roles=[wished], reason=reason),
            _("%(name)s has the role %(role)s now.", name=login, role=role_word(wished)),
        ),
        "decline": lambda: (
            api.ChangeUser(login=login, remove_roles=[wished], reason=reason),
            _("The request of %(name)s was declined.", name=login),
        ),
        "disable": lambda: (
            api.ChangeUser(login=login, disabled=True, reason=reason),
            _("%(name)s is disabled and signed out everywhere.", name=login),
        ),
        "enable": lambda: (
            api.ChangeUser(login=login, disabled=False, reason=reason),
            _("%(name)s can sign in again.", name=login),
        ),
    }
    if action in changes:
        command, told = changes[action]()
    else:
        roles = cast(Any, [role for role in request.form.getlist("role") if role in GRANTED])
        command = change_of(UserBody(roles=roles, reason=reason), login)
        told = _("The roles of %(name)s were saved.", name=login)
    calls().identity.change_user(command, caller())
    forget_everyone()
    return told


def _people_page(why: Refusal | None = None, changed: str = "") -> Response:
    q, role, page = words(request.args, most=100), one_of(request.args, "role", tuple(ROLES)), page_number(request.args)
    query = api.UsersQuery(q=q, role=role, page=page, per_page=PER_PAGE)
    html = render_template(
        "operations_people.html",
        tabs=operations_tabs("people"),
        q=q,
        role=role,
        found=calls().identity.users(query, read_caller()),
        asking=calls().identity.users(api.UsersQuery(requested=True, per_page=100), read_caller()).items,
        role_words=ROLES,
        granted=GRANTED,
        role_word=role_word,
        why=why,
        changed=changed,
        typed=request.form if why else {},
        page_href=lambda number: address("/operations/people", q=q, role=role, page=number),
    )
    return make_response(html, why.status if why else 200)


@blueprint.get("/groups")
@requires("operator")
def groups() -> Response:
    """Groups that enterprise models can be given to."""
    return _groups_page()


@blueprint.post("/groups")
@requires("operator")
def create_group() -> Response:
    """Makes a group."""
    command = api.CreateGroup(name=request.form.get("name", "").strip())
    try:
        answer = calls().identity.create_group(command, caller())
    except HubError as error:
        return _groups_page(refusal(error, status=status_of(error)))
    tell("ok", _("The group %(name)s was made.", name=answer.group.name))
    return go(f"/operations/groups#group-{answer.group.id}")


@blueprint.post("/groups/<group_id>")
@requires("operator")
def change_group(group_id: str) -> Response:
    """Adds and removes members."""
    added = request.form.get("add", "").replace(",", " ").split()
    command = api.ChangeGroup(id=group_id, add=added, remove=request.form.getlist("remove"))
    try:
        answer = calls().identity.change_group(command, caller())
    except HubError as error:
        return _groups_page(refusal(error, status=status_of(error)), group_id)
    forget_everyone()
    tell("ok", _("The members of %(name)s were changed.", name=answer.group.name))
    return go(f"/operations/groups#group-{group_id}")


def _groups_page(why: Refusal | None = None, changed: str = "") -> Response:
    html = render_template(
        "operations_groups.html",
        tabs=operations_tabs("groups"),
        groups=calls().identity.groups(Empty(), read_caller()).items,
        why=why,
        changed=changed,
        typed=request.form if why else {},
    )
    return make_response(html, why.status if why else 200)
