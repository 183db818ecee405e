from __future__ import annotations

import json

from services.registry.rules import readme_template, validate
from shared.model_facts import facts_of, hub_page, sources_of
from tests.support.smallest_records import real_models, release_table


def test_every_real_model_may_be_registered_under_its_name() -> None:
    refused = []
    for type_, name, text in real_models():
        report = validate(type_, text, table=release_table(), name=name)
        if not report.ok or report.model_name != name:
            refused.append((type_, name, [each.message for each in report.errors]))
    assert refused == []
    assert len(real_models()) > 600


def test_no_real_model_has_a_member_that_the_schemas_do_not_know() -> None:
    unknown = [
        (name, each.path)
        for type_, name, text in real_models()
        for each in validate(type_, text, table=release_table()).warnings
        if "is not known to any release" in each.message
    ]
    assert unknown == []


def test_readme_of_every_real_model_names_it_and_links_all_its_sources() -> None:
    missing = []
    for type_, name, text in real_models():
        readme = readme_template(type_, text, name=name)
        records = json.loads(text)
        wanted = [f"# {name}\n", "xinference launch"]
        for source in sources_of(type_, records):
            wanted += [hub_page(source.hub, each) or each for each in source.repositories]
        missing += [(name, each) for each in wanted if each not in readme]
    assert missing == []


def test_facts_of_every_real_model_tell_engines_and_sources() -> None:
    for type_, name, text in real_models():
        facts = facts_of(type_, json.loads(text), name=name)
        assert facts.name == name
        assert facts.engines, name
        assert facts.sources, name
        assert facts.abilities or type_ in ("embedding", "rerank"), name
        assert bool(facts.sizes_b) == (type_ == "llm"), name
