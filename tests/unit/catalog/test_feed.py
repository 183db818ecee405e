from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.feed import FeedCache, FeedModel, RecordText, assemble, single
from shared.client_release_table import packaged_table
from tests.support.catalogue import embedding, feed_model, image, llm, llm_spec, ocr, source, video

TABLE = packaged_table()
OLDEST = "1.13.0"


def test_the_body_is_the_exact_text_of_every_record_in_upstreams_order() -> None:
    texts = ['{"model_name": "b",  "x": 1.50, "é": "\\u00e9"}', "  {}\n"]
    good = llm(model_name="a")
    written = json.dumps(good, indent=3)
    feed = assemble(TABLE, "llm", [feed_model(llm(model_name="b"), order=2), _model("a", written, good)], OLDEST)
    assert feed.served == ("a", "b")
    assert feed.body.decode() == f"[{written},\n{json.dumps(llm(model_name='b'))}]"
    assert assemble(TABLE, "llm", [_model("x", text, json.loads(text)) for text in texts], OLDEST).body == b"[]"


def test_a_model_refused_by_a_newer_release_stands_last() -> None:
    models = [
        feed_model(llm(model_name="listed", virtualenv={"packages": [], "find_links": ["x"]}), order=0),
        feed_model(llm(model_name="fp4", model_specs=[llm_spec("fp4")]), order=1),
        feed_model(llm(model_name="plain"), order=2),
        feed_model(llm(model_name="later"), order=3),
    ]
    feed = assemble(TABLE, "llm", models, OLDEST)
    assert feed.served == ("plain", "later", "fp4", "listed")
    assert feed.lost == ()
    assert assemble(TABLE, "llm", models, "2.0.0").served == ("listed", "fp4", "plain", "later")


def test_records_of_one_model_stay_together_and_in_order() -> None:
    variants = feed_model(video(model_name="v", engine="b"), video(model_name="v", engine="a"), order=0)
    feed = assemble(TABLE, "video", [variants, feed_model(video(model_name="w"), order=1)], OLDEST)
    assert [(r["model_name"], r.get("engine")) for r in json.loads(feed.body)] == [("v", "b"), ("v", "a"), ("w", None)]


def test_a_fatal_model_is_withheld_with_its_reason_while_a_supported_release_has_it() -> None:
    model = feed_model(video(model_name="v", model_src={"modelscope": source()}))
    feed = assemble(TABLE, "video", [model], OLDEST)
    assert feed.served == ()
    assert [(w.name, w.releases) for w in feed.withheld] == [("v", "1.13.0 – 3.2.1")]
    assert "no huggingface source" in feed.withheld[0].why
    assert assemble(TABLE, "video", [model], "3.3.0").served == ("v",)


def test_a_model_whose_source_would_be_taken_away_is_withheld() -> None:
    name = "Wan2.2-ti2v-5B"
    mlx = video(
        model_name=name, engine="MLX", model_src={"huggingface": source(model_id="m")}, updated_at=1_800_000_000
    )
    model = feed_model(video(model_name=name), mlx)
    assert [w.releases for w in assemble(TABLE, "video", [model], OLDEST).withheld] == ["1.13.0 – 3.2.1"]
    assert assemble(TABLE, "video", [model], "3.3.0").served == (name,)


def test_a_poisonous_image_is_served_repaired_while_old_clients_are_supported() -> None:
    feed = assemble(TABLE, "image", [feed_model(ocr())], OLDEST)
    assert [item.name for item in feed.repaired] == ["some-ocr"]
    assert json.loads(feed.body)[0]["model_src"] == {}
    newer = assemble(TABLE, "image", [feed_model(ocr())], "1.17.0")
    assert newer.repaired == ()
    assert newer.body.decode() == f"[{json.dumps(ocr())}]"


def test_long_abilities_are_served_short_only_while_3_4_0_is_supported() -> None:
    model = feed_model(embedding(model_ability=["embed_vision"]))
    assert json.loads(assemble(TABLE, "embedding", [model], "3.4.0").body)[0]["model_ability"] == ["vision"]
    assert json.loads(assemble(TABLE, "embedding", [model], "3.5.0").body)[0]["model_ability"] == ["embed_vision"]


def test_pages_learn_which_releases_use_the_served_form() -> None:
    spans = assemble(TABLE, "image", [feed_model(ocr())], OLDEST).usable["some-ocr"]
    assert [(span.text, span.verdict.effect) for span in spans] == [
        ("1.13.0 – 1.16.0", "skipped"),
        ("1.17.0 – 4.1.0", "loads"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        '{"model_name"',
        '{"updated_at": NaN}',
        "[" * 100_000,
        '{"model_name": "\\ud800"}',
        '{"model_name": "\ud800"}',
        '{"updated_at": ' + "9" * 5000 + "}",
        '{"model_src": {"huggingface": {"is_builtin": true}}}',
    ],
    ids=["null", "list", "cut", "nan", "deep", "surrogate-escape", "surrogate", "huge", "builtin"],
)
def test_text_that_no_client_may_get_is_withheld_and_the_rest_served(text: str) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    feed = assemble(TABLE, "llm", [_model("bad", text, value), feed_model(llm(), order=1)], OLDEST)
    assert feed.served == ("some-llm",)
    assert [item.name for item in feed.withheld] == ["bad"]
    assert feed.withheld[0].why.startswith("its text cannot be served: ")


def test_text_that_differs_from_the_judged_value_is_withheld() -> None:
    assert assemble(TABLE, "llm", [_model("a", "{}", llm())], OLDEST).served == ()


def test_a_model_that_no_supported_release_can_use_is_withheld() -> None:
    feed = assemble(TABLE, "llm", [feed_model(llm(version=9))], OLDEST)
    assert feed.served == ()
    assert "no supported release can use it" in feed.withheld[0].why
    assert feed.withheld[0].releases == "1.13.0 – 4.1.0"


@pytest.mark.parametrize("type_", ["world", "flexible"])
def test_nothing_to_serve_is_an_empty_array(type_: str) -> None:
    assert assemble(TABLE, type_, [], OLDEST).body == b"[]"
    assert assemble(TABLE, "flexible", [feed_model(llm())], OLDEST).served == ()


def test_equal_content_gives_equal_bytes_and_etag() -> None:
    one, two = (assemble(TABLE, "llm", [feed_model(llm())], OLDEST) for _ in range(2))
    assert (one.gzip, one.etag) == (two.gzip, two.etag)
    assert gzip.decompress(one.gzip) == one.body
    other = assemble(TABLE, "llm", [feed_model(llm(model_lang=["zh"]))], OLDEST)
    assert other.etag != one.etag
    assert one.etag.startswith('"')


def test_a_cache_changes_no_answer_and_pays_for_changed_models_alone() -> None:
    cache = FeedCache()
    models = [feed_model(llm(model_name=f"m{n}"), order=n) for n in range(5)]
    first = assemble(TABLE, "llm", models, OLDEST, cache=cache)
    before = dict(cache.entries)
    models[3] = feed_model(llm(model_name="m3", updated_at=1_800_000_000), order=3)
    second = assemble(TABLE, "llm", models, OLDEST, cache=cache)
    assert second == assemble(TABLE, "llm", models, OLDEST)
    assert first != second
    assert len(cache.entries) == len(before) + 1
    assert all(cache.entries[key] is kept for key, kept in before.items())


def test_a_full_cache_starts_anew() -> None:
    cache = FeedCache(limit=2)
    models = [feed_model(llm(model_name=f"m{n}"), order=n) for n in range(5)]
    assert assemble(TABLE, "llm", models, OLDEST, cache=cache).served == tuple(f"m{n}" for n in range(5))
    assert len(cache.entries) <= 2


def test_a_single_refresh_gets_the_records_as_written() -> None:
    model = feed_model(ocr())
    assert single(TABLE, "image", model, OLDEST) == f"[{json.dumps(ocr())}]".encode()
    variants = feed_model(video(engine="a"), video(engine="b"))
    assert len(json.loads(single(TABLE, "video", variants, OLDEST) or b"")) == 2


@pytest.mark.parametrize(
    "record",
    [image(model_name="dots.ocr"), image(model_src={"modelscope": source()}), image(version=9), {"model_name": "x"}],
    ids=["bare name", "fatal", "refused", "poison"],
)
def test_a_single_refresh_refuses_what_would_harm_the_client(record: dict[str, Any]) -> None:
    assert single(TABLE, "image", feed_model(record), OLDEST) is None


def test_a_single_refresh_of_nothing_or_of_other_names_is_refused() -> None:
    assert single(TABLE, "llm", None, OLDEST) is None
    assert single(TABLE, "llm", FeedModel("x", (), 0), OLDEST) is None
    assert single(TABLE, "llm", _model("Some-LLM", json.dumps(llm()), llm()), OLDEST) is None
    assert single(TABLE, "flexible", feed_model(llm()), OLDEST) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["plain", "fp4", "listed", "broken"]), st.integers(0, 9)), max_size=8))
def test_no_release_loses_a_model_behind_another(kinds: list[tuple[str, int]]) -> None:
    more: dict[str, dict[str, Any]] = {
        "plain": {},
        "fp4": {"model_specs": [llm_spec("fp4")]},
        "listed": {"virtualenv": {"packages": [], "trusted_host": []}},
        "broken": {"version": 9},
    }
    models = [feed_model(llm(model_name=f"{n}", **more[kind]), order=order) for n, (kind, order) in enumerate(kinds)]
    feed = assemble(TABLE, "llm", models, OLDEST)
    assert feed.lost == ()
    assert len(feed.served) + len(feed.withheld) == len(models)


def _model(name: str, text: str, value: object) -> FeedModel:
    return FeedModel(name, (RecordText(text, value),), 0)
