"""The one banner of a model's page: what matters most about it now, and the next step."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from flask_babel import gettext as _

from gateway.service_words import in_language
from shared.contracts.catalog import ModelDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the reader is to this model."""

    manages: bool = False
    reviews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """`strong` says what is, `text` what follows, the link where to go on; without a `glyph` it has its tone's."""

    tone: str
    glyph: str = ""
    strong: str
    text: str = ""
    word: str = ""
    href: str = ""


Rule = Callable[[ModelDetail, Standing], Banner | None]


def banner_of(model: ModelDetail, standing: Standing) -> Banner | None:
    """The first that applies, in the order of weight; None where all is well."""
    return next((banner for rule in RULES if (banner := rule(model, standing)) is not None), None)


def detail_href(name: str, tab: str = "") -> str:
    """The page of a model, or of one of its tabs."""
    path = f"/models/detail/{quote(name, safe='')}"
    return f"{path}/{tab}" if tab else path


def _quarantined(model: ModelDetail, standing: Standing) -> Banner | None:
    if model.state != "quarantined":
        return None
    return Banner(tone="bad", glyph="shield-x", strong=_("Quarantined by an operator."), text=model.reason)


def _noticed(model: ModelDetail, standing: Standing) -> Banner | None:
    if not model.notices:
        return None
    slug, _separator, detail = model.notices[0].partition(": ")
    strong = {
        "merge-conflict": _("Upstream changed the same places as you."),
        "removed-upstream": _("Upstream has removed this model."),
        "import-blocked": _("Upstream has a model of this name too."),
    }.get(slug, slug)
    href = detail_href(model.name, "settings?merge=conflict" if slug == "merge-conflict" else "settings")
    text = _conflicting(detail) if slug == "merge-conflict" else detail
    return Banner(tone="warn", glyph="alert-fill", strong=strong, text=text, word=_("Decide in Settings"), href=href)


def _conflicting(detail: str) -> str:
    """Of `revision 2: /0/context_length`, which fields of which revision; the detail itself where it is otherwise."""
    found = re.fullmatch(r"revision (\d+): (.+)", detail)
    if found is None:
        return detail
    fields = [re.sub(r"^/(\d+/)?", "", each).replace("/", " · ") for each in found[2].split(", ")]
    return str(_("In revision %(number)s: %(fields)s.", number=found[1], fields=", ".join(fields)))


def _archived(model: ModelDetail, standing: Standing) -> Banner | None:
    if model.state != "archived":
        return None
    banner = Banner(
        tone="plain",
        glyph="archive",
        strong=_("Archived."),
        text=model.reason or _("Clients do not get this model any more."),
    )
    if not standing.manages:
        return banner
    return replace(banner, word=_("Restore it"), href=f"{detail_href(model.name, 'settings/access')}#restore")


def _deprecated(model: ModelDetail, standing: Standing) -> Banner | None:
    if model.state != "deprecated":
        return None
    banner = Banner(tone="warn", glyph="alert-fill", strong=_("Deprecated."), text=model.reason)
    if not model.replacement:
        return banner
    return replace(banner, word=_("Use %(name)s instead", name=model.replacement), href=detail_href(model.replacement))


def _waiting(model: ModelDetail, standing: Standing) -> Banner | None:
    pending = model.pending
    if pending is None:
        return None
    if model.state == "unpublished":
        text = _("Only its owners and reviewers see the model until it is approved.")
    else:
        text = _("Clients keep getting revision %(number)s until it is approved.", number=model.revision)
    if standing.reviews:
        word, href = _("Review it"), f"/reviews/{quote(model.name, safe='')}/{pending.revision}"
    else:
        word, href = _("See the changes"), detail_href(model.name, f"compare?to={pending.revision}")
    strong = _("Revision %(number)s waits for review.", number=pending.revision)
    return Banner(tone="warn", strong=strong, text=text, word=word, href=href)


def _unpublished(model: ModelDetail, standing: Standing) -> Banner | None:
    """What an owner's unpublished model waits for."""
    if model.state != "unpublished" or not standing.manages:
        return None
    number = model.revision
    sentences = {
        "draft": (_("Revision %(number)s is a draft.", number=number), _("Submit it for review"), "info"),
        "rejected": (_("Revision %(number)s was rejected.", number=number), _("Revise it"), "bad"),
        "withdrawn": (_("Revision %(number)s was withdrawn.", number=number), _("Revise it"), "plain"),
    }
    if model.revision_state not in sentences:
        return None
    strong, word, tone = sentences[model.revision_state]
    return Banner(tone=tone, strong=strong, word=word, href=detail_href(model.name, "settings"))


def _withheld(model: ModelDetail, standing: Standing) -> Banner | None:
    if model.feed.served or model.visibility != "public" or model.state == "unpublished":
        return None
    text = in_language(model.feed.reason)
    return Banner(tone="warn", glyph="alert-fill", strong=_("Not in the client list."), text=text)


def _pull_request(model: ModelDetail, standing: Standing) -> Banner | None:
    pull = model.pull_request
    if pull is None or not (standing.manages or standing.reviews):
        return None
    strong = {
        "failed": _("The pull request failed."),
        "conflicted": _("The pull request conflicts with upstream."),
        "paused": _("The pull request is paused."),
        "closed": _("The pull request was closed."),
    }.get(pull.state)
    if strong is None:
        return None
    return Banner(
        tone="warn",
        glyph="alert-fill",
        strong=strong,
        text=in_language(pull.reason),
        word=_("Go to the pull request"),
        href=detail_href(model.name, "pull-request"),
    )


RULES: tuple[Rule, ...] = (
    _quarantined,
    _noticed,
    _archived,
    _deprecated,
    _waiting,
    _unpublished,
    _pull_request,
    _withheld,
)
