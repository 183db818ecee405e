"""What both editing pages, Model Registration and Settings, share: checks, previews, rendering what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from flask import Response, current_app, make_response, render_template, request
from flask_babel import gettext as _

from gateway.auth import read_caller
from gateway.change_preview import Before, PullPreview, clients_of_draft, name_in, preview_change, preview_pull
from gateway.clients import calls
from gateway.editing import Refusal, Typed, form_mark, refusal, with_act, with_form
from gateway.errors import status_of
from gateway.findings import finding
from gateway.form_words import errors_by_field
from gateway.github_words import opening
from gateway.markup import ReadmeWords, readme_is_cut, render_readme
from gateway.model_form import ModelForm, Schema, model_form
from gateway.model_page import client_rows
from gateway.narrowing import is_upstream
from gateway.states import type_word
from gateway.web import with_editor
from shared.client_release_table import packaged_table
from shared.config import Settings
from shared.contracts.catalog import ModelDetail, ReleaseSpan
from shared.contracts.common import ModelType
from shared.contracts.pr_bot import OpensAs, OpensAsQuery
from shared.contracts.registry import DocumentInput, TypeRef
from shared.document import diff_by_field
from shared.errors import HubError, Unavailable
from shared.model_facts import TYPES

SAVING = ("draft", "submit")
FIELDS = {"model_name": "document", "name": "document"}


def apply_sent(draft: Typed) -> tuple[Typed, Refusal | None]:
    """The draft with what its form says in the JSON, and what a button of the form does; or why that cannot be."""
    asked, act = request.form.get("action", "") == "apply", request.form.get("act", "")
    if not draft.sent and not act:
        return draft, None
    schema = schema_of(draft.type)
    try:
        draft = with_form(draft, request.form, schema=schema, asked=asked or bool(act))
        return (with_act(draft, act, schema=schema) if act else draft), None
    except HubError as error:
        return draft, refused(error) if asked or act else None


def schema_of(model_type: str) -> Schema:
    return calls().registry.schema(TypeRef(type=cast(ModelType, model_type)), read_caller()).schema


def form_of(draft: Typed) -> ModelForm:
    return model_form(draft.type, draft.document, schema=schema_of(draft.type))


def opened(act: str) -> str:
    """The pointer of what a button of the form was about: it is shown open."""
    _, _, pointer = act.partition(":")
    return pointer.partition("/model_src/")[0]


def refused(error: HubError) -> Refusal:
    """The error as these pages show it."""
    return refusal(error, status=status_of(error), fields=FIELDS)


def problems_of(draft: Typed) -> list[dict[str, Any]]:
    """What validation says of the JSON now; nothing for an empty box."""
    if not draft.document.strip():
        return []
    try:
        report = calls().registry.validate(as_input(draft), read_caller())
    except HubError as error:
        return refused(error).problems or [finding("error", error.message)]
    found = [("error", each) for each in report.errors] + [("warning", each) for each in report.warnings]
    return [
        finding(severity, each.message, path=each.path, line=each.line, column=each.column) for severity, each in found
    ]


def as_input(draft: Typed) -> DocumentInput:
    return DocumentInput(type=cast(ModelType, draft.type), document=draft.document)


def with_template(draft: Typed) -> tuple[Typed, str, Refusal | None]:
    """The draft with the README template where its README is empty; beside it otherwise: what was typed stays."""
    try:
        template = calls().registry.readme_template(as_input(draft), read_caller()).readme
    except HubError as error:
        why = refused(error)
        message = _("The template is made from the JSON, and that cannot be read yet: %(why)s", why=why.message)
        return draft, "", replace(why, fields={**why.fields, "readme": message})
    replacing = request.form.get("action") == "replace-readme"
    if replacing or not draft.readme.strip():
        return replace(draft, readme=template), "", None
    return draft, template if template.strip() != draft.readme.strip() else "", None


def change_figures(base_document: str, document: str, line_counts: Callable[[], tuple[int, int]]) -> dict[str, Any]:
    """Fields and lines that differ from the base; empty where the text cannot be read."""
    if not base_document or not document.strip():
        return {}
    if document == base_document:
        return {"fields": 0, "added": 0, "removed": 0}
    try:
        fields = diff_by_field(base_document, document)
    except HubError:
        return {}
    added, removed = line_counts()
    return {"fields": len(fields), "added": added, "removed": removed}


def opens_as(name: str) -> OpensAs | None:
    """None where the bot does not answer now: one may edit without it."""
    try:
        return calls().pr_bot.opens_as(OpensAsQuery(name=name), read_caller())
    except Unavailable:
        return None


def pull_of(draft: Typed, model: ModelDetail | None, opens: OpensAs | None) -> PullPreview | None:
    """The pull request that the draft will have, were it public; None where there will be none."""
    settings: Settings = current_app.extensions["hub_settings"]
    where = settings.upstream
    if where.kind == "off":
        return None
    branch = settings.upstream_branch
    return preview_pull(
        model.name if model is not None else name_in(draft.document),
        standing=model.pull_request if model is not None else None,
        is_upstream=lambda: model is not None and is_upstream(model.name),
        opens=opens,
        target=f"{where.location}:{branch}" if where.kind == "github" else branch,
    )


def show_preview(draft: Typed, before: Before, *, path: str, model: ModelDetail | None = None, **page: Any) -> Response:
    """What submitting will do, with everything that was typed travelling along."""
    settings: Settings = current_app.extensions["hub_settings"]
    opens = opens_as(model.name if model is not None else "")
    clients = clients_of_draft(packaged_table(), draft, clients_from=settings.clients_from)
    spans = [
        ReleaseSpan(first=each.first, last=each.last, effect=each.verdict.effect, why=each.verdict.why)
        for each in clients
    ]
    html = render_template(
        "preview.html",
        draft=draft,
        change=preview_change(draft, before, name=model.name if model is not None else "", whole_word=_("Model")),
        pull=pull_of(draft, model, opens) if draft.public else None,
        opening=opening(opens) if opens is not None else None,
        upstream=settings.upstream,
        problems=problems_of(draft),
        clients=client_rows(spans),
        path=path,
        **page,
    )
    return make_response(html)


def show_editor(
    template: str,
    draft: Typed,
    *,
    why: Refusal | None = None,
    readme_template: str = "",
    unsaved: bool = False,
    name: str = "",
    **page: Any,
) -> Response:
    """The page with everything as typed; a refusal's status is the page's. `name` is empty for a model to come."""
    with_editor()
    settings: Settings = current_app.extensions["hub_settings"]
    words = ReadmeWords(image=_("image"), table=_("table"))
    preview = request.form.get("action") == "preview"
    opens = opens_as(name)
    problems = (why.problems if why and why.problems else None) or problems_of(draft)
    form = form_of(draft)
    html = render_template(
        template,
        draft=draft,
        model_form=form,
        form_mark=form_mark(form),
        form_errors=errors_by_field(form, problems) if draft.document.strip() else {},
        opened=opened(request.form.get("act", "")),
        types=[(name, type_word(name)) for name in TYPES],
        problems=problems,
        why=why,
        fields=why.fields if why else cast(Mapping[str, str], {}),
        readme_template=readme_template,
        preview=render_readme(draft.readme, words) if preview else "",
        preview_cut=preview and readme_is_cut(draft.readme),
        previewing=preview,
        unsaved=unsaved,
        upstream=settings.upstream,
        opening=opening(opens) if opens is not None else None,
        pull=pull_of(draft, page.get("model"), opens),
        **page,
    )
    return make_response(html, why.status if why else 200)
