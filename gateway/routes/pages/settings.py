"""Settings of a model: the same editor on its latest revision; drafts keep their number, a stale base meets a merge."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any, cast

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import caller, manages_model, read_caller, second_step
from gateway.change_preview import Before
from gateway.clients import calls
from gateway.editing import Meeting, Refusal, Typed, meeting, settled, typed, written
from gateway.model_banner import detail_href
from gateway.narrowing import narrowing_of
from gateway.routes.pages.editor import (
    SAVING,
    apply_sent,
    change_figures,
    problems_of,
    refused,
    show_editor,
    show_preview,
    with_template,
)
from gateway.textdiff import diff_texts
from gateway.web import go, tell
from shared.contracts.catalog import ModelDetail, ReadModel, ReadRevision, Revision
from shared.contracts.registry import ReviseModel, RevisionAnswer, RevisionRef, SaveDraft
from shared.errors import HubError, NotFound

CONFLICT = re.compile(r"merge-conflict: revision (\d+)")
CATCH_UP_S = 2.0
STALE = ("stale-base", "revision-closed")

blueprint = Blueprint("settings", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the editor's text was made from: the latest revision as the page saw it."""

    revision: int
    sha256: str
    is_draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The model as it is, and its latest revision."""

    detail: ModelDetail
    latest: Revision

    @property
    def base(self) -> Base:
        row = self.latest.row
        return Base(revision=row.revision, sha256=row.document_sha256, is_draft=row.state == "draft")


def conflicts_of(detail: ModelDetail) -> list[int]:
    """The revisions whose places upstream changed, too."""
    return [int(found[1]) for notice in detail.notices if (found := CONFLICT.match(notice))]


@blueprint.get("/models/detail/<name>/settings")
@manages_model
def settings_page(name: str) -> Response:
    """The latest revision in the editor; `?merge=<n>` meets that revision with what came after it, `?merge=conflict`
    the one that upstream's change conflicts with."""
    now = read_now(name)
    row = now.latest.row
    draft = written(
        model_type=now.latest.type,
        document=now.latest.document,
        readme=now.latest.readme,
        visibility=row.visibility,
        message=row.message if row.state == "draft" else "",
    )
    wish = request.args.get("merge", "")
    if wish == "conflict":
        wish = str(next(iter(conflicts_of(now.detail)), ""))
    if wish.isascii() and wish.isdigit() and 0 < int(wish) < row.revision:
        return _meet_revision(now, int(wish))
    return _page(now, draft, base=now.base)


@blueprint.post("/models/detail/<name>/settings")
@manages_model
def save_settings(name: str) -> Response:
    """Builds, checks, previews, merges, saves or submits what the form holds."""
    now = read_now(name)
    base = _base_of_form(now)
    draft, why = apply_sent(typed(request.form, model_type=now.latest.type))
    action = request.form.get("action", "")
    if action in ("merge", "take-mine", "take-theirs"):
        return _merged(now, draft, base, action)
    if action == "look" and why is None:
        return _preview(now, draft, base)
    readme_template = ""
    if action in ("readme", "replace-readme"):
        draft, readme_template, why = with_template(draft)
    if action not in SAVING or why is not None:
        return _page(now, draft, base=base, why=why, readme_template=readme_template, unsaved=True)
    return _save(now, draft, base, submit=action == "submit")


@blueprint.post("/models/detail/<name>/settings/withdraw")
@manages_model
def withdraw(name: str) -> Response:
    """Takes the pending submission or the draft back."""
    number = int(request.form.get("revision", "0") or 0)
    answer = calls().registry.withdraw(
        RevisionRef(name=name, revision=number, reason=request.form.get("reason", "")), caller()
    )
    tell("ok", _("Revision %(number)s was withdrawn.", number=answer.revision))
    return go(f"{detail_href(answer.name, 'settings')}?min_position={answer.position}")


def read_now(name: str) -> Now:
    """Raises NotFound for what the visitor may not see."""
    position = request.args.get("min_position", "")
    detail = named(calls().catalog.model(ReadModel(name=name, min_position=position), read_caller()))
    latest = _revision(detail.name, detail.latest_revision)
    return Now(detail=detail, latest=latest)


def _read_after(name: str, error: HubError) -> Now:
    """What made the base stale, as soon as the catalog knows it: another's write has no position here to wait for."""
    known, deadline = str(error.details.get("document_sha256", "")), time.monotonic() + CATCH_UP_S
    now = read_now(name)
    while known and now.latest.row.document_sha256 != known and time.monotonic() < deadline:
        time.sleep(0.05)
        now = read_now(name)
    return now


def _revision(name: str, number: int) -> Revision:
    return named(calls().catalog.revision(ReadRevision(name=name, revision=number), read_caller()))


def _preview(now: Now, draft: Typed, base: Base) -> Response:
    """Against what the change began with: the base, or of a draft the revision that it is made from."""
    row = now.latest.row
    path = detail_href(now.detail.name, "settings")
    number = row.base_revision if base.is_draft and base.revision == row.revision else base.revision
    common = _revision(now.detail.name, number) if number else None
    before = Before()
    if common is not None:
        before = Before(
            revision=common.row.revision,
            document=common.document,
            readme=common.readme,
            visibility=common.row.visibility,
        )
    is_stale = base.revision != row.revision or (base.is_draft and base.sha256 != row.document_sha256)
    return show_preview(draft, before, path=path, model=now.detail, base=base, is_stale=is_stale)


def _base_of_form(now: Now) -> Base:
    number = request.form.get("base_revision", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return now.base
    return Base(
        revision=int(number),
        sha256=request.form.get("base_sha256", ""),
        is_draft=request.form.get("base_state", "") == "draft",
    )


def _save(now: Now, draft: Typed, base: Base, *, submit: bool) -> Response:
    name = now.detail.name
    if submit and not request.form.get("narrow") and (narrowing := narrowing_of(now.detail, draft.visibility)):
        message = _("Nothing was submitted yet: say below that it shall not be public any more.")
        why = Refusal(status=409, message=message)
        return _page(now, draft, base=base, why=why, narrowing=narrowing, unsaved=True)
    try:
        answer = _save_draft(name, draft, base, submit) if base.is_draft else _revise(name, draft, base, submit)
    except HubError as error:
        if error.error_slug in STALE:
            return _stale(_read_after(name, error), draft, base, refused(error))
        return _page(now, draft, base=base, why=refused(error), unsaved=True)
    if answer is None:
        problems = [item for item in problems_of(draft) if item["severity"] == "error"]
        message = _("It cannot be submitted yet: fix what the list beside the JSON names, or save it as a draft.")
        why = Refusal(status=422, message=message, fields={"document": problems[0]["message"]})
        return _page(now, draft, base=base, why=why, unsaved=True)
    return _saved(answer)


def _revise(name: str, draft: Typed, base: Base, submit: bool) -> RevisionAnswer:
    command = ReviseModel(
        name=name,
        base_revision=base.revision,
        document=draft.document,
        readme=draft.readme,
        visibility=cast(Any, draft.visibility),
        message=draft.message,
        submit=submit,
    )
    return calls().registry.revise(command, caller())


def _save_draft(name: str, draft: Typed, base: Base, submit: bool) -> RevisionAnswer | None:
    """Saves under the draft's number, then submits; None, and nothing saved, where the text cannot be submitted."""
    if submit and any(problem["severity"] == "error" for problem in problems_of(draft)):
        return None
    command = SaveDraft(
        name=name,
        revision=base.revision,
        base_sha256=base.sha256,
        document=draft.document,
        readme=draft.readme,
        visibility=cast(Any, draft.visibility),
        message=draft.message,
    )
    first = caller()
    answer = calls().registry.save_draft(command, first)
    if not submit:
        return answer
    return calls().registry.submit(RevisionRef(name=name, revision=base.revision), second_step(first, "submit"))


def _saved(answer: RevisionAnswer) -> Response:
    settings = detail_href(answer.name, "settings")
    if answer.unchanged:
        tell("info", _("Nothing differs from revision %(number)s, so nothing was recorded.", number=answer.revision))
        return go(settings)
    if answer.state == "draft":
        tell("ok", _("Draft saved as revision %(number)s.", number=answer.revision))
        return go(f"{settings}?min_position={answer.position}")
    if answer.state == "submitted" and answer.revision == 1:
        tell("ok", _("Submitted for review. You hear of the verdict here and by mail."))
    elif answer.state == "submitted":
        tell("ok", _("Revision %(number)s is submitted for review.", number=answer.revision))
    else:
        tell("ok", _("Revision %(number)s is in use.", number=answer.revision))
    return go(f"{detail_href(answer.name)}?min_position={answer.position}")


def _stale(now: Now, draft: Typed, base: Base, why: Refusal) -> Response:
    """Somebody was faster: both sides and what a merge makes of them, with everything that was typed."""
    common = _common(now, base)
    try:
        met = meeting(common.document if common else "", draft.document, now.latest.document)
    except HubError as error:
        return _page(now, draft, base=base, why=refused(error), unsaved=True)
    return _page(now, draft, base=base, why=why, met=met, unsaved=True)


def _common(now: Now, base: Base, number: int = 0) -> Revision | None:
    """What both started from: the base; for a draft that was overwritten, what that draft was made from."""
    name = now.detail.name
    try:
        if number:
            return _revision(name, number)
        seen = _revision(name, base.revision)
        if seen.row.document_sha256 == base.sha256:
            return seen
        return _revision(name, seen.row.base_revision) if seen.row.base_revision else None
    except NotFound:
        return None


def _meet_revision(now: Now, number: int) -> Response:
    """An earlier revision that what came later left behind, against the latest."""
    mine = _revision(now.detail.name, number)
    draft = written(
        model_type=mine.type,
        document=mine.document,
        readme=mine.readme,
        visibility=mine.row.visibility,
        message=mine.row.message,
    )
    common = _common(now, now.base, mine.row.base_revision) if mine.row.base_revision else None
    base = Base(revision=mine.row.revision, sha256=mine.row.document_sha256, is_draft=False)
    met = meeting(common.document if common else "", mine.document, now.latest.document)
    return _page(now, draft, base=base, met=met, common=mine.row.base_revision)


def _merged(now: Now, draft: Typed, base: Base, action: str) -> Response:
    """The editor on the latest revision, with the merge, one's own text or theirs in it."""
    if action == "take-theirs":
        latest = now.latest
        fresh = written(
            model_type=latest.type,
            document=latest.document,
            readme=latest.readme,
            visibility=latest.row.visibility,
            message=draft.message,
        )
        return _page(now, fresh, base=now.base)
    if action == "take-mine":
        return _page(now, draft, base=now.base, unsaved=True, note=_("Your text, now on the latest revision."))
    number = request.form.get("common", "")
    common = _common(now, base, int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0)
    try:
        met = meeting(common.document if common else "", draft.document, now.latest.document)
        if met.text is None:
            met = settled(met, _choices(met))
    except HubError as error:
        return _page(now, draft, base=base, why=refused(error), unsaved=True)
    if met.text is None:
        message = _("Decide each place where both sides changed the same.")
        return _page(now, draft, base=base, why=Refusal(status=409, message=message), met=met, unsaved=True)
    merged = replace(draft, document=met.text)
    if common is not None and draft.readme == common.readme:
        merged = replace(merged, readme=now.latest.readme)
    note = _("Both changes are in the text. Look it over, then save or submit it.")
    return _page(now, merged, base=now.base, unsaved=True, note=note)


def _choices(met: Meeting) -> dict[str, str]:
    return {
        conflict.path: request.form.get(f"choice-{index}", "")
        for index, conflict in enumerate(met.conflicts)
        if request.form.get(f"place-{index}", conflict.path) == conflict.path
    }


def _page(now: Now, draft: Typed, *, base: Base, met: Meeting | None = None, common: int = 0, **page: Any) -> Response:
    detail, latest = now.detail, now.latest

    def counts() -> tuple[int, int]:
        found = diff_texts(latest.document, draft.document)
        return found.added, found.removed

    return show_editor(
        "settings.html",
        draft,
        name=detail.name,
        model=detail,
        latest=latest,
        base=base,
        met=met,
        common=common,
        theirs=diff_texts(met.base, met.theirs) if met is not None else None,
        mine=diff_texts(met.base, met.mine) if met is not None else None,
        conflicted=conflicts_of(detail),
        figures=change_figures(latest.document, draft.document, counts),
        **page,
    )
