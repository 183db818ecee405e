from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.client_record import TYPES, read_record
from shared.client_release_table import packaged_table
from shared.client_releases import as_page, hard_refusals, predict, usability, warnings, window
from shared.errors import Invalid
from tests.support.catalogue import embedding, image, llm, llm_spec, ocr, source, video

TABLE = packaged_table()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
GOOD = {"llm": llm(), "embedding": embedding(), "rerank": embedding(), "image": image(), "video": video()}


def effects(type_: str, record: object) -> dict[str, str]:
    return {r: predict(TABLE, type_, record, r).effect for r in TABLE.asking(type_, TABLE.releases)}


def spans(type_: str, *records: dict[str, Any]) -> dict[str, str]:
    return {span.text: span.verdict.effect for span in usability(TABLE, type_, records, TABLE.releases)}


@pytest.mark.parametrize("type_", sorted(GOOD))
def test_a_plain_record_loads_everywhere(type_: str) -> None:
    assert set(effects(type_, GOOD[type_]).values()) == {"loads"}


def test_a_release_that_does_not_start_with_its_own_list_is_not_supported() -> None:
    assert "3.2.0" not in TABLE.releases
    assert TABLE.newest == "4.1.0"


def test_fp4_is_refused_before_1_17_0() -> None:
    record = llm(model_specs=[llm_spec("pytorch"), llm_spec("fp4")])
    assert spans("llm", record) == {"1.13.0 – 1.16.0": "reject", "1.17.0 – 4.1.0": "loads"}


@pytest.mark.parametrize("option", ["extra_index_url", "find_links", "trusted_host"])
def test_a_listed_option_is_refused_before_2_0_0(option: str) -> None:
    record = llm(virtualenv={"packages": [], option: ["https://example.org"]})
    assert spans("llm", record) == {"1.13.0 – 1.17.1": "reject", "2.0.0 – 4.1.0": "loads"}


def test_long_abilities_are_refused_by_3_4_0_alone() -> None:
    assert spans("embedding", embedding(model_ability=["embed_vision"])) == {
        "1.13.0 – 3.3.0": "loads",
        "3.4.0": "reject",
        "3.5.0 – 4.1.0": "loads",
    }
    assert set(effects("embedding", embedding(model_ability=["vision"])).values()) == {"loads"}


def test_an_image_without_top_level_sources_kills_old_lists() -> None:
    assert spans("image", ocr()) == {"1.13.0 – 1.16.0": "poison", "1.17.0 – 4.1.0": "loads"}
    assert spans("image", ocr() | {"model_src": {}}) == {"1.13.0 – 1.16.0": "skipped", "1.17.0 – 4.1.0": "loads"}


def test_a_video_without_top_level_sources_kills_old_lists_too() -> None:
    record = video()
    specs = [{"model_format": "pytorch", "model_src": record.pop("model_src")}]
    assert spans("video", record | {"model_specs": specs}) == {"1.13.0 – 1.16.0": "poison", "1.17.0 – 4.1.0": "loads"}


def test_a_source_that_is_no_object_kills_every_list() -> None:
    assert set(effects("video", video(model_src={"huggingface": None})).values()) == {"poison"}
    assert set(effects("video", {"model_name": "no-source"}).values()) == {"poison"}


def test_only_other_hubs_stop_the_next_start() -> None:
    elsewhere = {"modelscope": source()}
    assert set(effects("image", image(model_src=elsewhere)).values()) == {"fatal"}
    assert spans("video", video(model_src=elsewhere)) == {"1.13.0 – 3.2.1": "fatal", "3.3.0 – 4.1.0": "loads"}


def test_a_missing_updated_at_is_fatal_for_every_llm_and_from_3_3_0_for_every_video() -> None:
    bare_llm, bare_video = llm(), video()
    del bare_llm["updated_at"], bare_video["updated_at"]
    assert set(effects("llm", bare_llm).values()) == {"fatal"}
    assert spans("video", bare_video) == {"1.13.0 – 3.2.1": "loads", "3.3.0 – 4.1.0": "fatal"}
    assert spans("video", bare_video | {"model_name": "HunyuanVideo"}) == {"1.13.0 – 4.1.0": "fatal"}


def test_a_written_updated_at_is_fatal() -> None:
    assert set(effects("llm", llm(updated_at="2026-01-01")).values()) == {"fatal"}


def test_a_name_packaged_without_updated_at_is_fatal_where_it_is_packaged_so() -> None:
    assert spans("image", image(model_name="dots.ocr")) == {"1.13.0 – 3.3.0": "loads", "3.4.0 – 4.1.0": "fatal"}


def test_a_newer_apple_variant_takes_the_source_of_a_packaged_name_away() -> None:
    plain = video(model_name="Wan2.2-ti2v-5B", engine="diffusers")
    apple = video(
        model_name="Wan2.2-ti2v-5B",
        engine="MLX",
        model_src={"huggingface": source(model_id="someone/mlx")},
        updated_at=1_800_000_000,
    )
    assert spans("video", plain, apple) == {"1.13.0 – 3.2.1": "replaced", "3.3.0 – 4.1.0": "loads"}
    assert spans("video", plain, apple | {"updated_at": plain["updated_at"]}) == {"1.13.0 – 4.1.0": "loads"}
    renamed = [record | {"model_name": "new-name"} for record in (plain, apple)]
    assert spans("video", *renamed) == {"1.13.0 – 4.1.0": "loads"}


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 1},
        {"version": True},
        {"version": None},
        {"model_name": None},
        {"model_lang": "en"},
        {"model_ability": ["fly"]},
        {"context_length": "long"},
        {"stop": [None]},
        {"virtualenv": {}},
        {"model_specs": [llm_spec("ggufv2")]},
        {"model_specs": [llm_spec("safetensors")]},
        {"model_specs": [llm_spec("pytorch", model_size_in_billions=1.8)]},
        {"model_specs": [{"model_format": "pytorch", "model_size_in_billions": 7}]},
        {"model_specs": {}},
    ],
    ids=str,
)
def test_a_broken_llm_is_refused_by_every_release(broken: dict[str, Any]) -> None:
    assert set(effects("llm", llm(**broken)).values()) == {"reject"}
    assert hard_refusals(TABLE, "llm", [llm(**broken)])


def test_refusals_point_into_the_document() -> None:
    broken = llm(model_specs=[llm_spec("pytorch"), llm_spec("safetensors")])
    assert [p.path for p in hard_refusals(TABLE, "llm", [broken])] == ["/model_specs/1/model_src/huggingface"]
    assert [p.path for p in hard_refusals(TABLE, "llm", [llm(), llm(version=3)])] == ["/1/version"]


def test_a_missing_updated_at_and_a_bare_name_are_no_refusal() -> None:
    record = image(model_name="dots.ocr")
    del record["updated_at"]
    assert hard_refusals(TABLE, "image", [record]) == ()
    messages = [problem.message for problem in warnings(TABLE, "image", [record], releases=TABLE.releases)]
    assert messages == ["Xinference 3.4.0 – 4.1.0 packages this name without updated_at, so the feed withholds it"]


def test_what_hurts_only_older_releases_is_a_warning_within_the_window() -> None:
    record = llm(virtualenv={"packages": [], "find_links": ["https://example.org"]})
    assert hard_refusals(TABLE, "llm", [record]) == ()
    found = warnings(TABLE, "llm", [record], releases=TABLE.releases)
    assert [problem.path for problem in found] == ["/virtualenv/find_links"]
    assert "1.13.0 – 1.17.1" in found[0].message
    assert warnings(TABLE, "llm", [record], releases=window(TABLE, "2.0.0")) == ()


def test_window_begins_at_the_setting_and_always_holds_the_newest() -> None:
    assert window(TABLE, "3.4.0") == ("3.4.0", "3.5.0", "4.0.0", "4.0.1", "4.1.0")
    assert window(TABLE, "9.0") == ("4.1.0",)
    assert window(TABLE, "0.1") == TABLE.releases
    with pytest.raises(Invalid, match="expected numbers"):
        window(TABLE, "newest")


def test_a_release_outside_the_table_is_refused() -> None:
    with pytest.raises(Invalid, match="world"):
        predict(TABLE, "world", {}, "3.2.1")


def test_a_page_names_the_first_release_that_loads() -> None:
    page = as_page(usability(TABLE, "image", [ocr()], TABLE.releases))
    assert page["loads_from"] == "1.17.0"
    assert [row["releases"] for row in page["spans"]] == ["1.13.0 – 1.16.0", "1.17.0 – 4.1.0"]
    assert as_page(usability(TABLE, "llm", [llm(version=1)], TABLE.releases))["loads_from"] is None


@settings(max_examples=150, deadline=None)
@given(type_=st.sampled_from(TYPES), record=JSON)
def test_no_value_stops_a_prediction(type_: str, record: object) -> None:
    assert predict(TABLE, type_, record, TABLE.newest).effect != "loads"


@settings(max_examples=300, deadline=None)
@given(
    type_=st.sampled_from(sorted(GOOD)), where=st.integers(min_value=0, max_value=40), value=JSON, deep=st.booleans()
)
def test_no_odd_member_stops_a_reading(type_: str, where: int, value: object, deep: bool) -> None:
    record: dict[str, Any] = dict(GOOD[type_])
    names = [*record, "virtualenv", "model_specs", "model_src", "engine", "controlnet"]
    if deep and "model_specs" in record:
        spec = dict(record["model_specs"][0])
        spec[list(spec)[where % len(spec)]] = value
        record["model_specs"] = [spec]
    else:
        record[names[where % len(names)]] = value
    read_record(type_, record)
    predict(TABLE, type_, record, TABLE.newest)
