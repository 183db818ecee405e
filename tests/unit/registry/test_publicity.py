"""Which of a model's events other programs may read."""

from __future__ import annotations

from typing import Any

import pytest

from services.registry.domain.publicity import Standing, evolve, tells
from shared.events import registry as facts


def content(visibility: str, revision: int = 1) -> dict[str, Any]:
    return {
        "model_name": "M",
        "model_type": "LLM",
        "revision": revision,
        "base_revision": revision - 1,
        "document": "{}",
        "document_sha256": "h",
        "readme": "",
        "visibility": visibility,
        "message": "",
        "submitter": "u",
    }


def published(visibility: str, revision: int = 1) -> facts.ModelPublished:
    return facts.ModelPublished(
        model_name="M",
        model_type="LLM",
        revision=revision,
        document_sha256="h",
        visibility=visibility,
        reviewer="r",
    )


NARROWED = facts.VisibilityNarrowed(model_name="M", before="public", visibility="private", reason="secret")
DEPRECATED = facts.ModelDeprecated(model_name="M", reason="old")
QUARANTINED = facts.ModelQuarantined(model_name="M", reason="bad")
LIFTED = facts.QuarantineLifted(model_name="M", reason="good")
DRAFTED = facts.RevisionDrafted(**content("public", 2))


def told(*events: Any) -> list[bool]:
    standing, answers = Standing(), []
    for event in events:
        standing = evolve(standing, event)
        answers.append(tells(standing, event))
    return answers


def test_nothing_is_told_before_the_first_publication_for_everyone() -> None:
    submitted = facts.ModelSubmitted(**content("public"))
    assert told(submitted, published("public"), DEPRECATED) == [False, True, True]


@pytest.mark.parametrize("visibility", ["private", "enterprise"])
def test_what_is_published_for_fewer_is_not_told(visibility: str) -> None:
    assert told(facts.ModelSubmitted(**content(visibility)), published(visibility), DEPRECATED) == [False] * 3


def test_nothing_is_told_from_narrowing_until_it_is_public_again() -> None:
    widening = facts.ModelUpdated(**content("public", 2))
    assert told(published("public"), NARROWED, DEPRECATED, widening, published("public", 2)) == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_quarantined_model_is_not_told_of() -> None:
    assert told(published("public"), QUARANTINED, DEPRECATED, LIFTED) == [True, False, False, True]


def test_drafts_and_submissions_for_fewer_are_not_told_where_the_model_is_public() -> None:
    narrower = facts.ModelUpdated(**content("private", 3))
    wider = facts.ModelUpdated(**content("public", 4))
    assert told(published("public"), DRAFTED, narrower, wider) == [True, False, False, True]


def test_an_import_for_everyone_is_told() -> None:
    assert told(facts.ModelImported(**content("public"), origin="xinference", order=0)) == [True]


def test_content_that_could_not_be_imported_is_not_told() -> None:
    blocked = facts.ImportBlocked(model_name="M", origin="o", reason="held", document="{}")
    assert told(published("public"), blocked) == [True, False]
