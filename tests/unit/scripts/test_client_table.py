from __future__ import annotations

import json
from typing import Any

from scripts.xinference_client.table import build_table
from shared.client_record import SPEC_TYPES, TYPES
from shared.client_releases import load_table, predict
from tests.support.catalogue import image, llm, video

RECORDS: dict[str, list[Any]] = {"llm": [llm()], "image": [image(model_name="bad"), image(model_name="ill")]}
ABILITIES = {"embedding": "embed_vision", "rerank": "rerank_vision"}


def _measured(*, old: bool, bad: str = "", fatal: str = "") -> dict[str, Any]:
    """A release as `probe` reports it; an old one lacks what newer ones take."""
    types = {}
    for type_ in TYPES:
        traits = {
            "listed_options": not old,
            "stamp_any_name": type_ == "llm" or (type_ == "video" and not old),
            "keeps_variants": type_ == "video" and not old,
            "needs_huggingface": type_ == "image" or (type_ == "video" and old),
            "inner_specs": type_ not in SPEC_TYPES and not (type_ == "image" and old),
            "ability vision": True,
        }
        family: dict[str, Any] = {"required": ["model_name"], "enums": {"version": [2]}}
        if type_ in ABILITIES and not old:
            family["enums"]["model_ability"] = [ABILITIES[type_]]
        results = [""] * len(RECORDS.get(type_, ()))
        row: dict[str, Any] = {"results": results, "poison": [], "fatal": {}, "traits": traits}
        types[type_] = row | {"classes": {"SomeFamilyV2": family}}
    types["image"] |= {"results": [bad, ""], "poison": [0] if bad else [], "fatal": {"1": fatal} if fatal else {}}
    return {"starts": True, "error": "", "types": types}


def _table() -> Any:
    measured = {
        "1.0.0": _measured(old=True, bad="KeyError: 'model_src'"),
        "1.1.0": {"starts": False, "error": "KeyError", "types": {}},
        "2.0.0": _measured(old=False, fatal="AttributeError: updated_at"),
    }
    bare = image(model_name="ill")
    del bare["updated_at"]
    nothing: dict[str, list[Any]] = {type_: [] for type_ in TYPES}
    own: dict[str, dict[str, list[Any]]] = {
        "1.0.0": nothing | {"llm": [llm(model_name="gone")]},
        "1.1.0": {"llm": [llm()]},
        "2.0.0": nothing | {"llm": [llm()], "image": [bare]},
    }
    return build_table(measured, {"packaged-2.0.0": RECORDS}, own)


def test_a_measured_table_is_one_that_the_hub_reads() -> None:
    table = load_table(json.dumps(_table()))
    assert table.releases == ("1.0.0", "2.0.0")
    old, new = table.rules["image"]["1.0.0"], table.rules["image"]["2.0.0"]
    assert (old.reads_inner_specs, new.reads_inner_specs) == (False, True)
    assert (old.takes_listed_options, new.takes_listed_options) == (False, True)
    assert new.packaged_bare == {"ill"}
    assert predict(table, "video", video(model_src={"modelscope": {}}), "1.0.0").effect == "fatal"
    assert predict(table, "video", video(model_src={"modelscope": {}}), "2.0.0").effect == "loads"
    assert not table.rules["video"]["2.0.0"].newest_stamp_only


def test_refusals_name_the_effect_and_the_span_of_releases() -> None:
    rows = {row["name"]: row for row in _table()["refusals"]["image"]}
    assert (rows["bad"]["effect"], rows["bad"]["from"], rows["bad"]["to"]) == ("poison", "1.0.0", "1.0.0")
    assert (rows["ill"]["effect"], rows["ill"]["from"], rows["ill"]["to"]) == ("fatal", "2.0.0", "2.0.0")
    assert rows["bad"]["in"] == ["packaged-2.0.0"]


def test_names_are_told_from_when_to_when_they_are_packaged() -> None:
    assert _table()["packaged_since"]["llm"] == {"1.0.0 to 1.0.0": ["gone"], "2.0.0": ["some-llm"]}


def test_a_release_that_does_not_start_is_listed_and_judges_nothing() -> None:
    row = _table()["releases"]["1.1.0"]
    assert row["starts"] is False
    assert row["types"]["llm"] == {"packaged": 1, "packaged_without_updated_at": []}
