"""The feed of the newest wheel's whole catalogue: what is withheld, and that nothing is lost behind another."""

from __future__ import annotations

import json

import pytest

from services.catalog.feed import assemble, single
from shared.client_record import TYPES
from shared.client_release_table import packaged_table
from tests.support.catalogue import wheel_feed_models

TABLE = packaged_table()
BARE = {
    "dots.ocr",
    "Fibo-2.0-dev",
    "Fibo-2.0-edit-turbo",
    "flux-3-image-klein",
    "MOSS-Image-SFT",
    "Qwen-Image-2.1",
    "Qwen-Image-2.1-Turbo",
    "xiaomi-ocr-0",
}
WITHHELD = {
    "image": BARE,
    "audio": {"speech_campplus_sv_zh-cn_16k-common", "speech_campplus_sv_zh_en_16k-common_advanced"},
    "video": {"Wan2.2-i2v-A14B", "Wan2.2-ti2v-5B"},
}
REPAIRED = {"image": 3, "embedding": 12, "rerank": 3}


@pytest.mark.parametrize("type_", TYPES)
def test_the_feed_withholds_what_was_measured_as_harmful_and_loses_nothing(type_: str) -> None:
    models = wheel_feed_models(type_)
    feed = assemble(TABLE, type_, models, "1.13.0")
    assert {item.name for item in feed.withheld} == WITHHELD.get(type_, set())
    assert len(feed.repaired) == REPAIRED.get(type_, 0)
    assert feed.lost == ()
    assert len(feed.served) + len(feed.withheld) == len(models)
    served = {record.get("model_name") or record["model_family"] for record in json.loads(feed.body)}
    assert served == set(feed.served)


@pytest.mark.parametrize("type_", TYPES)
def test_from_3_5_0_on_only_names_packaged_without_updated_at_are_withheld(type_: str) -> None:
    feed = assemble(TABLE, type_, wheel_feed_models(type_), "3.5.0")
    assert {item.name for item in feed.withheld} == (BARE if type_ == "image" else set())
    assert feed.repaired == ()


def test_a_single_refresh_serves_what_only_old_lists_cannot_take() -> None:
    models = {model.name: model for model in wheel_feed_models("image")}
    assert single(TABLE, "image", models["DeepSeek-OCR"], "1.13.0")
    assert single(TABLE, "image", models["TeleOCR"], "1.13.0")
    assert all(single(TABLE, "image", models[name], "1.13.0") is None for name in BARE)
