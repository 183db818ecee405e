"""The predictions against what was measured, over the real catalogue."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from shared.client_record import TYPES
from shared.client_release_table import packaged_table
from shared.client_releases import hard_refusals, predict
from tests.support.catalogue import aggregate_records, wheel_feed_models
from tests.support.real_data import has_shared_data

TABLE = packaged_table()
Span = tuple[str, str, int]


def _records(type_: str, catalogue: str) -> list[Any]:
    if catalogue == "aggregate":
        return aggregate_records(type_)
    return [record.value for model in wheel_feed_models(type_) for record in model.records]


def _catalogues() -> list[str]:
    """The measured aggregate is not the one in an old wheel, so without it the newest wheel stands alone."""
    return ["packaged-4.1.0", "aggregate"] if has_shared_data() else ["packaged-4.1.0"]


@pytest.mark.parametrize("type_", TYPES)
def test_predictions_agree_with_every_measured_refusal(type_: str) -> None:
    for catalogue in _catalogues():
        measured: dict[tuple[str, str], Span] = {
            (row["name"], row["effect"]): (row["from"], row["to"], row["releases"])
            for row in TABLE.refusals[type_]
            if catalogue in row["in"]
        }
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for record in _records(type_, catalogue):
            for release in TABLE.asking(type_, TABLE.releases):
                verdict = predict(TABLE, type_, record, release)
                if verdict.effect != "loads":
                    found[(record["model_name"], verdict.effect)].append(release)
        predicted = {key: (releases[0], releases[-1], len(releases)) for key, releases in found.items()}
        assert predicted == measured


@pytest.mark.parametrize("type_", TYPES)
def test_every_record_of_the_real_catalogue_may_be_registered(type_: str) -> None:
    for catalogue in ("packaged-4.1.0", "aggregate"):
        for record in _records(type_, catalogue):
            assert hard_refusals(TABLE, type_, [record]) == ()
