from __future__ import annotations

from typing import Any

import pytest

from services.catalog.domain import ANYONE, Access, Viewer
from services.catalog.projection.models import Card, Indexed
from services.catalog.projection.summary import Summary
from services.catalog.search import Search, SearchIndex


def indexed(name: str, *, readme: str = "", access: Access | None = None, **more: Any) -> Indexed:
    card_fields: dict[str, Any] = {"type": "llm", "state": "published", "featured": False}
    for key in tuple(card_fields):
        card_fields[key] = more.pop(key, card_fields[key])
    access = access or Access(audience="public", ever_submitted=True)
    card = Card(
        id=name.lower(),
        name=name,
        visibility=access.audience,
        audience=access.audience,
        revision=1,
        latest_revision=1,
        document_sha256="",
        changed_at=0.0,
        pending=0,
        pending_audience="",
        upstream_order=0,
        conflicted=False,
        summary=Summary(**more),
        **card_fields,
    )
    return Indexed(card=card, readme=readme, access=access)


def index_of(*models: Indexed) -> SearchIndex:
    index = SearchIndex()
    index.update(models)
    return index


def found(index: SearchIndex, text: str = "", viewer: Viewer = ANYONE, **more: Any) -> list[str]:
    return index.page(Search(text=text, **more), viewer)[0]


CATALOGUE = index_of(
    indexed("readme-only", readme="It is compared with falcon here."),
    indexed("described", description="A falcon of a model."),
    indexed("falcon", description="Fast."),
    indexed("falcon-instruct", description="Follows instructions."),
    indexed("qwen2.5-instruct", description="通义千问大模型，擅长对话"),
    indexed("Qwen2.5-VL-Instruct", description="视觉语言模型"),
    indexed("bge-m3", description="Embeds text.", type="embedding"),
)


def test_name_ranks_over_description_over_readme() -> None:
    assert found(CATALOGUE, "falcon") == ["falcon", "falcon-instruct", "described", "readme-only"]


@pytest.mark.parametrize("text", ["qwen2.5-instruct", "QWEN2.5-Instruct", " qwen2.5-instruct "])
def test_exact_name_comes_first(text: str) -> None:
    assert found(CATALOGUE, text)[0] == "qwen2.5-instruct"


@pytest.mark.parametrize(
    ("text", "name"),
    [("falcom", "falcon"), ("falocn", "falcon"), ("flcon", "falcon"), ("instrucct", "falcon-instruct")],
)
def test_typing_error_is_forgiven(text: str, name: str) -> None:
    assert name in found(CATALOGUE, text)


def test_short_words_are_taken_as_typed() -> None:
    assert found(CATALOGUE, "bgf") == []


@pytest.mark.parametrize("text", ["q", "qw", "qwe", "qwen2", "qwen2.5-in"])
def test_beginning_of_a_word_is_enough_as_one_types(text: str) -> None:
    assert "qwen2.5-instruct" in found(CATALOGUE, text)


@pytest.mark.parametrize("text", ["千问", "通义", "大模型", "对话"])
def test_chinese_words_are_found(text: str) -> None:
    assert found(CATALOGUE, text) == ["qwen2.5-instruct"]


def test_characters_in_another_order_are_another_word() -> None:
    assert found(CATALOGUE, "问千") == []


def test_every_word_must_occur() -> None:
    assert found(CATALOGUE, "falcon instruct")[0] == "falcon-instruct"
    assert found(CATALOGUE, "qwen falcon") == []


@pytest.mark.parametrize(
    "text", ['"', "name:x OR", "((((", "a AND", "*", "\\", "^2", "!!!", "-", "[a TO b]", "x" * 300]
)
def test_any_text_is_a_question_and_no_syntax(text: str) -> None:
    found(CATALOGUE, text)


def test_model_that_changed_is_found_as_it_is_now() -> None:
    index = index_of(indexed("m", description="old words"))
    index.update([indexed("m", description="new terms")])
    assert found(index, "words") == []
    assert found(index, "terms") == ["m"]
    assert index.page(Search(), ANYONE)[1] == 1


FACETS = index_of(
    indexed("a", abilities=("chat", "tools"), formats=("pytorch",), sizes_b=(7.0, 72.0), updated_at=3),
    indexed("b", abilities=("chat",), formats=("awq", "pytorch"), sizes_b=(0.5,), updated_at=2, featured=True),
    indexed("c", type="embedding", languages=("zh",), updated_at=1),
    indexed("d", state="archived", abilities=("chat",)),
)


def test_facets_count_over_all_hits() -> None:
    counted = FACETS.facets(Search(limit=1), ANYONE)
    assert counted["type"] == [("llm", 2), ("embedding", 1)]
    assert counted["ability"] == [("chat", 2), ("tools", 1)]
    assert counted["size"] == [("1-8", 1), ("<1", 1), (">=70", 1)]


def test_facet_is_counted_without_its_own_choice() -> None:
    counted = FACETS.facets(Search(filters={"format": ["awq"]}), ANYONE)
    assert counted["format"] == [("pytorch", 2), ("awq", 1)]
    assert counted["type"] == [("llm", 1)]


def test_values_of_a_facet_add_up_and_abilities_narrow() -> None:
    assert set(found(FACETS, filters={"type": ["llm", "embedding"]})) == {"a", "b", "c"}
    assert set(found(FACETS, filters={"format": ["awq", "pytorch"]})) == {"a", "b"}
    assert found(FACETS, filters={"ability": ["chat", "tools"]}) == ["a"]
    assert FACETS.facets(Search(filters={"ability": ["tools"]}), ANYONE)["ability"] == [("chat", 1), ("tools", 1)]


def test_size_featured_and_status_narrow() -> None:
    assert found(FACETS, size_min_b=70) == ["a"]
    assert found(FACETS, size_max_b=1) == ["b"]
    assert found(FACETS, size_min_b=7, size_max_b=7) == ["a"]
    assert found(FACETS, featured=True) == ["b"]
    assert found(FACETS, featured=False) == ["a", "c"]
    assert found(FACETS, status="archived") == ["d"]


MEMORY = index_of(
    indexed("small", sizes_b=(0.5,), least_gb=0.4),
    indexed("exact", sizes_b=(40.0,), least_gb=24.0),
    indexed("more", sizes_b=(40.0, 72.0), least_gb=24.1),
    indexed("unsaid", type="image"),
)


def test_fits_what_its_most_frugal_build_wants_and_nothing_of_unknown_size() -> None:
    assert set(found(MEMORY, fits_gb=24)) == {"small", "exact"}
    assert set(found(MEMORY, fits_gb=24.1)) == {"small", "exact", "more"}
    assert found(MEMORY, fits_gb=0.3) == []
    counted = MEMORY.facets(Search(fits_gb=8), ANYONE)
    assert dict(counted["fits_gb"]) == {"8": 1, "16": 1, "24": 2, "48": 3, "80": 3, "160": 3, "640": 3}
    assert counted["type"] == [("llm", 1)]


def test_sorts() -> None:
    assert found(FACETS) == found(FACETS, sort="-updated") == ["a", "b", "c"]
    assert found(FACETS, sort="size") == ["a", "b", "c"]
    assert found(index_of(indexed("b"), indexed("C"), indexed("a")), sort="name") == ["a", "b", "c"]


def test_equal_keys_come_in_one_order_however_the_index_was_filled() -> None:
    models = [indexed(f"m{number}") for number in range(50)]
    backwards = SearchIndex()
    for model in reversed(models):
        backwards.update([model])
    assert found(index_of(*models), limit=50) == found(backwards, limit=50)


def test_pages_follow_each_other() -> None:
    assert [found(FACETS, sort="name", offset=n, limit=1) for n in range(4)] == [["a"], ["b"], ["c"], []]
    assert FACETS.page(Search(offset=10**9, limit=200), ANYONE) == ([], 3)


def test_only_what_the_viewer_may_see_is_found_and_counted() -> None:
    hidden = index_of(
        indexed("open"),
        indexed("private", access=Access(audience="private", owners=("ann",), ever_submitted=True)),
        indexed("draft", access=Access(audience="private", owners=("ann",))),
        indexed("lab", access=Access(audience="enterprise", owners=("ann",), groups=("g1",), ever_submitted=True)),
        indexed("was-lab", access=Access(audience="private", owners=("ann",), groups=("g1",), ever_submitted=True)),
    )

    def seen(**viewer: Any) -> set[str]:
        as_viewer = Viewer(**viewer)
        names, total = hidden.page(Search(), as_viewer)
        assert hidden.facets(Search(), as_viewer)["type"] == [("llm", total)]
        return set(names)

    assert seen() == {"open"}
    assert seen(user_id="sid") == {"open"}
    assert seen(user_id="mia", groups=frozenset({"g1"})) == {"open", "lab"}
    assert seen(user_id="ann") == {"open", "private", "draft", "lab", "was-lab"}
    assert seen(user_id="rex", roles=frozenset({"reviewer"})) == {"open", "private", "lab", "was-lab"}
    assert seen(user_id="olga", roles=frozenset({"operator"})) == {"open", "private", "draft", "lab", "was-lab"}
