"""A document while somebody types: what its form changed patched into the text, the form anew, what is wrong."""

from __future__ import annotations

from flask import Blueprint, Response, get_template_attribute, jsonify, request

from gateway.auth import requires
from gateway.editing import typed
from gateway.form_edits import apply_act, apply_form
from gateway.model_banner import detail_href
from gateway.model_form import model_form
from gateway.routes.pages.editor import opened, opens_as, problems_of, pull_of, schema_of
from gateway.service_words import in_language
from shared.errors import Invalid

blueprint = Blueprint("live_form", __name__)


@blueprint.post("/editor/form")
@requires("maintainer", "operator")
def live_form() -> Response:
    """`{document, html}`: the text with the fields that were sent in it; nothing is stored.

    `settled` is the name of a model that has one, empty for one to come. `document` is null where it stays as it is.
    """
    draft = typed(request.form)
    act, settled = request.form.get("act", ""), request.form.get("settled", "")
    text, schema = draft.document, schema_of(draft.type)
    try:
        if draft.sent:
            text = apply_form(draft.type, text, schema=schema, sent=draft.sent)
        if act:
            text = apply_act(text, act, schema=schema)
    except Invalid:
        # The text cannot be read, or has no such place any more: the form that comes back says so.
        text = draft.document
    path = detail_href(settled, "settings") if settled else "/register-model"
    form = model_form(draft.type, text, schema=schema)
    show = get_template_attribute("_model_form.html", "model_form")
    html = show(form, {}, path, settled=bool(settled), opened=opened(act))
    return jsonify(
        document=text if text != draft.document else None,
        html=str(html),
        readable=bool(form.records),
    )


@blueprint.post("/editor/findings")
@requires("maintainer", "operator")
def live_findings() -> Response:
    """`{findings, pull}`: what validation says of the text, in the page's language; nothing is stored.

    `pull` is the pull request that a model to come will have, as the page shows it; one that has a name keeps its own.
    """
    draft = typed(request.form)
    answer: dict[str, object] = {"findings": problems_of(draft)}
    if not request.form.get("settled", ""):
        show = get_template_attribute("_editor.html", "pull_box")
        answer["pull"] = str(show(pull_of(draft, None, opens_as(""))))
    return jsonify(answer)


@blueprint.post("/editor/words")
@requires("maintainer", "operator")
def live_words() -> Response:
    """What a service said, as plain text in the page's language: the script hears it from the API, in English."""
    return Response(in_language(request.form.get("text", "")), mimetype="text/plain")
