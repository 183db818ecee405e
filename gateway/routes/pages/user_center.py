"""User Center: profile, e-mail, password, role request, API tokens, GitHub token, notifications, language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gateway.auth import caller, forget_everyone, forget_visitor, read_caller, signed_in
from gateway.clients import calls
from gateway.editing import Refusal, refusal
from gateway.errors import status_of
from gateway.github_words import in_words, token_facts, token_note
from gateway.paging import page_number
from gateway.people_words import SCOPES, SHORT_SCOPES, role_word, told
from gateway.sealing import sealed_token
from gateway.token_test import tested_again
from gateway.web import go, tell
from shared.contracts import identity as api
from shared.contracts.common import Empty
from shared.errors import Conflict, HubError

NOTIFICATIONS_A_PAGE = 20
EXPIRIES = ((30, _l("30 days")), (90, _l("90 days")), (365, _l("1 year")), (0, _l("Never")))

blueprint = Blueprint("user_center", __name__, url_prefix="/user-center")


@blueprint.get("")
@signed_in
def user_center() -> Response:
    """Everything about one's own account."""
    return _page()


@blueprint.post("/tokens")
@signed_in
def create_token() -> Response:
    """Shows the secret on this answer alone; sent again it is refused, for the secret is gone."""
    days = request.form.get("expires_in_days", "90")
    command = api.IssueToken(
        name=request.form.get("name", "").strip(),
        scope=cast(Any, request.form.get("scope", "")),
        expires_in_days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 90,
    )
    try:
        issued = calls().identity.issue_token(command, caller())
    except Conflict:
        tell("info", _("This token was made already; its secret was shown once. Revoke it and make another one."))
        return go("/user-center#tokens")
    except HubError as error:
        return _page("tokens", _plain(refusal(error, status=status_of(error))))
    response = _page(issued=issued)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<act>")
@signed_in
def act_on_account(act: str) -> Response:
    """One change; refused, the page shows why beside what was typed."""
    run = ACTS.get(act)
    if run is None:
        abort(404)
    try:
        run()
    except HubError as error:
        said = in_words(error)
        return _page(act, _plain(refusal(said, status=status_of(said), fields=FIELDS.get(act))))
    forget_visitor()
    return go(f"/user-center#{PLACES.get(act, act)}")


def _profile() -> None:
    change = api.UpdateProfile(display_name=request.form.get("display_name", "").strip())
    calls().identity.update_profile(change, caller())
    tell("ok", _("Your name was changed."))


def _email() -> None:
    change = api.UpdateProfile(
        email=request.form.get("email", "").strip(), current_password=request.form.get("current_password", "")
    )
    calls().identity.update_profile(change, caller())
    tell("ok", _("Your e-mail was changed."))


def _password() -> None:
    change = api.UpdateProfile(
        password=request.form.get("password", ""), current_password=request.form.get("current_password", "")
    )
    calls().identity.update_profile(change, caller())
    tell("ok", _("Your password was changed."))


def _role() -> None:
    wish = api.RequestRole(
        role=cast(Any, request.form.get("role", "maintainer")), reason=request.form.get("reason", "").strip()
    )
    calls().identity.request_role(wish, caller())
    tell("ok", _("Your request was sent. An operator decides; you are told here."))


def _revoke() -> None:
    calls().identity.revoke_token(api.TokenRef(id=request.form.get("id", "")), caller())
    forget_everyone()
    tell("ok", _("The token was revoked; whatever used it is refused from now on."))


def _github() -> None:
    settings = current_app.extensions["hub_settings"]
    stored = sealed_token(request.form.get("token", ""), settings, current_app.extensions["hub_seal_public_key"])
    calls().identity.store_github_token(stored, caller())
    if settings.upstream.kind == "github":
        tell("ok", _("GitHub knows your token, and it is stored, sealed. Your pull requests are opened with it."))
    else:
        tell("ok", _("Your GitHub token is stored, sealed and untested: this hub's pull requests do not go to GitHub."))


def _github_test() -> None:
    tested_again()
    tell("ok", _("GitHub knows your token, and it may do what pull requests need."))


def _github_consent() -> None:
    allowed = request.form.get("default_allowed") == "1"
    calls().identity.allow_default_token(api.AllowDefaultToken(default_allowed=allowed), caller())
    if allowed:
        tell("ok", _("Saved. Where your token fails, the hub's account goes on with your pull requests."))
    else:
        tell("ok", _("Saved. Where your token fails, your pull requests wait for you."))


def _forget_github() -> None:
    calls().identity.clear_github_token(Empty(), caller())
    tell("ok", _("Your GitHub token was forgotten. The hub's own token serves your models again."))


def _read() -> None:
    calls().identity.mark_read(Empty(), caller())


def _language() -> None:
    wish = cast(Any, request.form.get("locale", ""))
    calls().identity.update_profile(api.UpdateProfile(locale=wish), caller())
    tell("ok", _("Your language was saved."))


ACTS: Mapping[str, Callable[[], None]] = {
    "profile": _profile,
    "email": _email,
    "password": _password,
    "role": _role,
    "revoke-token": _revoke,
    "github-token": _github,
    "forget-github-token": _forget_github,
    "github-test": _github_test,
    "github-consent": _github_consent,
    "read": _read,
    "language": _language,
}
PLACES = {
    "revoke-token": "tokens",
    "forget-github-token": "github-token",
    "github-test": "github-token",
    "github-consent": "github-token",
    "read": "notifications",
    "email": "profile",
    "role": "roles",
    "language": "profile",
}
# The fields of one form share a page with those of others, so some are called otherwise there.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "email": {"current_password": "email-current"},
    "password": {"current_password": "password-current"},
    "github-token": {"token": "github"},
}


# What a field takes, where a schema alone has refused it.
TAKES = {
    "display_name": _l("Use 1 to 80 characters."),
    "name": _l("Use 1 to 80 characters."),
    "email": _l("This is no e-mail address; check its spelling."),
    "password": _l("Use 10 to 200 characters."),
    "reason": _l("Say why, in at most 4000 characters."),
}
OF_SCHEMA = re.compile(r"(Length must|Shorter than|Longer than|Not a valid|String does not)")


def _plain(why: Refusal) -> Refusal:
    """The refusal with what each field takes, in place of a schema's own words."""
    fields = {
        name: str(TAKES[name]) if name in TAKES and OF_SCHEMA.match(message) else message
        for name, message in why.fields.items()
    }
    return replace(why, fields=fields)


def _page(act: str = "", why: Refusal | None = None, issued: api.IssuedToken | None = None) -> Response:
    who = read_caller()
    page = page_number(request.args)
    query = api.NotificationsQuery(page=page, per_page=NOTIFICATIONS_A_PAGE)
    notifications = calls().identity.notifications(query, who)
    github = calls().identity.github_token(Empty(), who)
    html = render_template(
        "user_center.html",
        me=calls().identity.me(Empty(), who),
        tokens=calls().identity.tokens(Empty(), who).items,
        github=github,
        github_facts=token_facts(github),
        github_note=token_note(github),
        upstream=current_app.extensions["hub_settings"].upstream,
        notifications=notifications,
        told=[(item, told(item)) for item in notifications.items],
        page_href=lambda number: f"/user-center?page={number}#notifications",
        role_word=role_word,
        scopes=SCOPES,
        short_scopes=SHORT_SCOPES,
        expiries=EXPIRIES,
        issued=issued,
        act=act,
        why=why,
        fields=why.fields if why else {},
        typed=request.form if act else {},
    )
    return make_response(html, why.status if why else 200)
