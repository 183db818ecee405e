"""Who sees and manages a model, and its life: visibility, groups, owners, deprecating, archiving; operators' acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, abort, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from gateway.auth import caller, manages_model, read_caller
from gateway.clients import calls
from gateway.editing import Refusal
from gateway.model_banner import detail_href
from gateway.names import ids_of
from gateway.narrowing import Narrowing, narrowing_of
from gateway.routes.lifecycle import group_ids
from gateway.routes.pages.editor import refused
from gateway.routes.pages.settings import read_now
from gateway.web import go, tell
from shared.contracts import registry as api
from shared.contracts.catalog import ReadModel
from shared.contracts.common import Caller, Empty, ModelRef
from shared.errors import Forbidden, HubError, NotFound

Act = Callable[[str], str]
OPERATORS_ACTS = frozenset({"feature", "quarantine", "lift-quarantine"})

blueprint = Blueprint("access", __name__)


@blueprint.get("/models/detail/<name>/settings/access")
@manages_model
def access_page(name: str) -> Response:
    """Everything about the model that is no revision."""
    return _page(name)


@blueprint.post("/models/detail/<name>/settings/<act>")
@manages_model
def act_on_model(name: str, act: str) -> Response:
    """One act; refused, the page shows why, with what was typed."""
    run = ACTS.get(act)
    if run is None:
        abort(404)
    if act in OPERATORS_ACTS and not caller().has("operator"):
        raise Forbidden(f"model {name}: this needs the operator role; ask an operator", slug="not-operator")
    if act == "visibility" and not request.form.get("confirmed"):
        model = calls().catalog.model(ReadModel(name=name), read_caller())
        if narrowing := narrowing_of(model, request.form.get("visibility", "")):
            return _page(name, act=act, narrowing=narrowing)
    try:
        position = run(name)
    except HubError as error:
        return _page(name, act=act, why=refused(error))
    if not _still_manages(name):
        return go(detail_href(name))
    return go(f"{detail_href(name, 'settings')}/access?min_position={position}#{act}")


def _reason() -> str:
    return request.form.get("reason", "").strip()


def _logins(field: str) -> list[str]:
    return [login for login in request.form.get(field, "").replace(",", " ").split() if login]


def _visibility(name: str) -> str:
    wish = cast(Any, request.form.get("visibility", ""))
    answer = calls().registry.set_visibility(api.SetVisibility(name=name, visibility=wish, reason=_reason()), caller())
    if answer.narrowed:
        tell("ok", _("The visibility holds from now on."))
    else:
        tell("ok", _("Revision %(number)s asks a reviewer for the wider circle.", number=answer.revision))
    return answer.position


def _groups(name: str) -> str:
    known = calls().identity.groups(Empty(), caller()).items
    ids = {group.name.lower(): group.id for group in known} | {group.id: group.id for group in known}
    change = api.ChangeMembers(
        name=name,
        add=group_ids(ids, _lines("add"), "add"),
        remove=group_ids(ids, request.form.getlist("remove"), "remove"),
        reason=_reason(),
    )
    answer = calls().registry.change_groups(change, caller())
    tell("ok", _("The groups were changed."))
    return answer.position


def _lines(field: str) -> list[str]:
    return [name.strip() for name in request.form.get(field, "").replace(",", "\n").splitlines() if name.strip()]


def _owners(name: str) -> str:
    change = api.ChangeMembers(
        name=name,
        add=ids_of(_logins("add"), field="add"),
        remove=ids_of(request.form.getlist("remove"), field="remove"),
        reason=_reason(),
    )
    answer = calls().registry.change_owners(change, caller())
    tell("ok", _("The owners were changed."))
    return answer.position


def _feature(name: str) -> str:
    wish = request.form.get("featured", "") == "true"
    answer = calls().registry.feature(api.Feature(name=name, featured=wish, reason=_reason()), caller())
    tell("ok", _("It stands on the shelf now.") if wish else _("It was taken off the shelf."))
    return answer.position


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """An act that needs a reason alone; `said` is told afterwards."""

    command: Callable[[api.Registry], Callable[[api.Lifecycle, Caller], api.LifecycleAnswer]]
    said: LazyString

    def __call__(self, name: str) -> str:
        asked = api.Lifecycle(name=name, reason=_reason(), replacement=request.form.get("replacement", "").strip())
        answer = self.command(calls().registry)(asked, caller())
        tell("ok", str(self.said))
        return answer.position


ACTS: Mapping[str, Act] = {
    "visibility": _visibility,
    "groups": _groups,
    "owners": _owners,
    "feature": _feature,
    "deprecate": Lifecycle(
        lambda registry: registry.deprecate, _l("Deprecated. Clients still get it, with your advice beside it.")
    ),
    "archive": Lifecycle(lambda registry: registry.archive, _l("Archived. It left the lists and the client feed.")),
    "restore": Lifecycle(lambda registry: registry.restore, _l("Restored.")),
    "quarantine": Lifecycle(
        lambda registry: registry.quarantine, _l("Quarantined: hidden from everyone and from the client feed.")
    ),
    "lift-quarantine": Lifecycle(lambda registry: registry.lift_quarantine, _l("The quarantine was lifted.")),
}


def _page(name: str, *, act: str = "", why: Refusal | None = None, narrowing: Narrowing | None = None) -> Response:
    now = read_now(name)
    known = calls().identity.groups(Empty(), read_caller()).items if _knows_groups() else []
    names = {group.id: group.name for group in known}
    html = render_template(
        "access.html",
        model=now.detail,
        latest=now.latest,
        groups=[(group, names.get(group, group)) for group in now.detail.groups],
        other_groups=[group.name for group in known if group.id not in now.detail.groups],
        is_operator=read_caller().has("operator"),
        act=act,
        why=why,
        typed=request.form if act else {},
        narrowing=narrowing,
    )
    return make_response(html, why.status if why else 200)


def _still_manages(name: str) -> bool:
    """Whoever took themselves off the owners has no settings any more."""
    try:
        calls().registry.model_access(ModelRef(name=name), read_caller())
    except (NotFound, Forbidden):
        return False
    return True


def _knows_groups() -> bool:
    return read_caller().has("operator", "maintainer")
