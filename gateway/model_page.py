"""What every tab of a model's page shows: its head, tabs and rail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app, render_template, request
from flask_babel import format_number, get_locale
from flask_babel import gettext as _

from gateway.answers import named
from gateway.auth import read_caller, visitor
from gateway.badge import SHOWN_STATES, Snippets, snippets
from gateway.clients import calls
from gateway.figures import byte_size, gigabytes, size_range
from gateway.model_banner import Banner, Standing, banner_of, detail_href
from gateway.service_words import phrase_in_language
from gateway.spec_table import Build, SourceRow, SpecTable, build_among, source_row, spec_table
from shared.config import Settings
from shared.contracts.catalog import ModelDetail, ReadModel, ReleaseSpan
from shared.document import parse
from shared.errors import Invalid
from shared.launch_commands import LaunchCommand, launch_build, launch_commands
from shared.model_facts import Facts, facts_of, sources_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """A model as its pages show it; facts are empty where a draft does not parse."""

    model: ModelDetail
    standing: Standing
    facts: Facts
    specs: SpecTable
    launch: tuple[LaunchCommand, ...]
    revisions: int
    banner: Banner | None


def read_page(name: str) -> ModelPage:
    """Raises NotFound for what one may not see."""
    asked = ReadModel(name=name, min_position=request.args.get("min_position", "")[:500])
    found = calls().catalog.model(asked, read_caller())
    standing = standing_to(found)
    model = named(found)
    facts, specs, launch = _told_by(model.type, model.name, model.document)
    return ModelPage(
        model=model,
        standing=standing,
        facts=facts,
        specs=specs,
        launch=launch,
        revisions=calls().catalog.revisions(ReadModel(name=name), read_caller()).total,
        banner=banner_of(model, standing),
    )


@lru_cache(maxsize=64)
def _told_by(model_type: str, name: str, document: str) -> tuple[Facts, SpecTable, tuple[LaunchCommand, ...]]:
    """What the document says of the model; every tab asks for it."""
    records = records_of(document)
    facts, sources = facts_of(model_type, records, name=name), sources_of(model_type, records)
    return facts, spec_table(records, sources), launch_commands(facts, sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenBuild:
    """A build that somebody picked in the table: how each engine launches it, and where it comes from."""

    build: Build
    launch: tuple[LaunchCommand, ...]
    sources: tuple[SourceRow, ...]


def chosen_build(page: ModelPage) -> ChosenBuild | None:
    """The build that this request's address names, None for none of the model's."""
    size, model_format, quantization = (request.args.get(name, "")[:100] for name in ("size", "format", "quantization"))
    if not model_format:
        return None
    model = page.model
    sources = sources_of(model.type, records_of(model.document))
    found = build_among(sources, size=size, model_format=model_format, quantization=quantization)
    if found is None:
        return None
    build, having = found
    return ChosenBuild(
        build=build,
        launch=launch_build(page.facts, having, quantization=quantization),
        sources=tuple(map(source_row, having)),
    )


def standing_to(model: ModelDetail) -> Standing:
    """`model` still with ids where people are."""
    person = visitor().person
    if person is None:
        return Standing()
    return Standing(
        manages="operator" in person.roles or person.id in model.maintainers,
        reviews=bool({"reviewer", "operator"} & set(person.roles)),
    )


def records_of(document: str) -> list[Any]:
    """The document's records; none where it does not parse, as a draft may."""
    try:
        return [record.value for record in parse(document).records]
    except Invalid:
        return []


def render_tab(template: str, page: ModelPage, tab: str, **context: Any) -> str:
    """One tab of the model's page."""
    return render_template(
        template,
        page=page,
        model=page.model,
        tab=tab,
        tabs=_tabs(page, tab),
        fact_rows=fact_rows(page),
        clients=client_rows(page.model.feed.releases),
        base=detail_href(page.model.name),
        share=_share(page.model),
        **context,
    )


def _share(model: ModelDetail) -> Snippets | None:
    """What shows the model elsewhere, where everybody may see it."""
    settings: Settings = current_app.extensions["hub_settings"]
    if model.visibility != "public" or model.state not in SHOWN_STATES:
        return None
    return snippets(model.name, base_url=settings.public_url.rstrip("/"))


def _tabs(page: ModelPage, tab: str) -> list[dict[str, Any]]:
    name, pull = page.model.name, page.model.pull_request
    tabs: list[dict[str, Any]] = [
        {"key": "", "word": "README"},
        {"key": "specs", "word": _("Specs"), "count": page.specs.count},
        {"key": "json", "word": "JSON"},
        {"key": "revisions", "word": _("Revisions"), "count": page.revisions},
        {"key": "pull-request", "word": _("Pull request"), "badge": ("pull_request", pull.state) if pull else None},
        {"key": "timeline", "word": _("Timeline")},
    ]
    return [{**each, "href": detail_href(name, each["key"]), "current": each["key"] == tab} for each in tabs]


def fact_rows(page: ModelPage) -> list[tuple[str, Any]]:
    """(word, value) of what the document says; only what it says."""
    facts, locale = page.facts, get_locale()
    languages = locale.languages if locale else {}
    context = _("%(count)s tokens", count=format_number(facts.context_length)) if facts.context_length else ""
    rows = [
        (_("Sizes"), size_range(facts.sizes_b) if facts.sizes_b else ""),
        (_("Memory"), _("from %(size)s", size=gigabytes(facts.least_gb)) if facts.least_gb else ""),
        (_("Context"), context),
        (_("Dimensions"), format_number(facts.dimensions) if facts.dimensions else ""),
        (_("Abilities"), ", ".join(facts.abilities)),
        (_("Languages"), _few([languages.get(each, each) for each in facts.languages], 6)),
        (_("Family"), facts.family),
        (_("License"), facts.license),
        (_("Sources"), ", ".join(facts.sources)),
        (_("Remote code"), _("clients run code from its repository") if facts.remote_code else ""),
    ]
    return [(word, value) for word, value in rows if value]


def client_rows(spans: list[ReleaseSpan]) -> list[dict[str, Any]]:
    """Which client releases do what with the model, newest first."""
    look = {"loads": "ok", "skipped": "info", "replaced": "warning"}
    words = {
        "loads": _("can use it"),
        "skipped": _("does not show it"),
        "reject": _("leaves it out"),
        "poison": _("would lose its whole list"),
        "fatal": _("would not start again"),
        "replaced": _("would lose a source"),
    }
    rows = []
    for span in reversed(spans):
        releases = span.first if span.first == span.last else f"{span.first} – {span.last}"
        rows.append(
            {
                "state": look.get(span.effect, "error"),
                "text": f"Xinference {releases}: {words.get(span.effect, span.effect)}",
                "more": phrase_in_language(span.why),
            }
        )
    return rows


def _few(values: list[str], most: int) -> str:
    shown = list(dict.fromkeys(values))
    if len(shown) <= most:
        return ", ".join(shown)
    more = _("%(num)s more", num=len(shown) - most)
    return f"{', '.join(shown[:most])}, {more}"


def document_size(document: str) -> str:
    return byte_size(len(document.encode()))
