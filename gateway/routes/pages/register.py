"""Model Registration: basic facts, JSON, README and who may use it, in one form that keeps whatever was typed."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from gateway.auth import caller, requires
from gateway.change_preview import Before
from gateway.clients import calls
from gateway.editing import Refusal, Typed, typed
from gateway.model_banner import detail_href
from gateway.routes.pages.editor import SAVING, apply_sent, refused, show_editor, show_preview, with_template
from gateway.web import go, tell
from shared.contracts.registry import RegisterModel, RevisionAnswer
from shared.errors import HubError
from shared.model_facts import TYPES

blueprint = Blueprint("register", __name__)


@blueprint.get("/register-model")
@requires("maintainer", "operator")
def register_page() -> Response:
    """An empty form for a type."""
    wish = request.args.get("type", "")
    return _page(Typed(type=wish if wish in TYPES else TYPES[0]))


@blueprint.post("/register-model")
@requires("maintainer", "operator")
def register() -> Response:
    """Builds, checks, previews, saves or submits what the form holds."""
    draft, why = apply_sent(typed(request.form))
    action = request.form.get("action", "")
    if action == "look" and why is None and draft.document.strip():
        return show_preview(draft, Before(), path="/register-model")
    readme_template = ""
    if action in ("readme", "replace-readme"):
        draft, readme_template, why = with_template(draft)
    if action not in SAVING or why is not None:
        return _page(draft, why=why, readme_template=readme_template, unsaved=True)
    if not draft.document.strip():
        return _page(draft, why=_nothing_typed(), unsaved=True)
    try:
        answer = _register(draft, submit=action == "submit")
    except HubError as error:
        return _page(draft, why=refused(error), unsaved=True)
    return _registered(answer)


def _register(draft: Typed, *, submit: bool) -> RevisionAnswer:
    command = RegisterModel(
        type=cast(Any, draft.type),
        document=draft.document,
        readme=draft.readme,
        visibility=cast(Any, draft.visibility),
        message=draft.message,
        submit=submit,
    )
    return calls().registry.register(command, caller())


def _nothing_typed() -> Refusal:
    message = _("Fill in the form, or paste a spec into the JSON.")
    return Refusal(
        status=422,
        message=message,
        errors=[{"field": "document", "message": message}],
        fields={"document": message},
    )


def _registered(answer: RevisionAnswer) -> Response:
    page = detail_href(answer.name)
    if answer.state == "draft":
        tell("ok", _("Saved as a draft. The name %(name)s is yours; submit it when it is ready.", name=answer.name))
        page = f"{page}/settings"
    elif answer.state == "submitted":
        tell("ok", _("Submitted for review. You hear of the verdict here and by mail."))
    else:
        tell("ok", _("Registered. It is private: you and those you share it with can use it now."))
    return go(f"{page}?min_position={answer.position}")


def _page(draft: Typed, **page: Any) -> Response:
    return show_editor("register.html", draft, **page)
