"""What My Models tells the owner to do next, and in which order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.routes.pages.mine import in_turn, next_step
from shared.contracts.catalog import ModelRow, MyModelRow


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def row(step: str, *, name: str = "m", state: str = "published", pull: str = "none") -> MyModelRow:
    summary = ModelRow(
        name=name, type="llm", description="", visibility="public", state=state, revision=1, updated_at=0
    )
    return MyModelRow(
        summary=summary, latest_revision=1, latest_state="approved", pull_request_state=pull, next_step=step
    )


def test_quarantined_model_leads_to_the_reason() -> None:
    step = next_step(row("none", state="quarantined"))
    assert step.href == "/models/detail/m/timeline"
    assert "quarantined" in step.why


def test_rows_say_how_a_model_stands_for_which_nothing_is_to_be_done() -> None:
    assert "upstream decides" in next_step(row("none", pull="open")).why
    assert "still get it" in next_step(row("none", state="deprecated", pull="open")).why
    assert next_step(row("none")).why == "Nothing to do."


def test_what_waits_for_the_owner_comes_first_under_its_own_title() -> None:
    rows = [row("none", name="done"), row("submit", name="draft"), row("merge", name="torn")]
    groups = in_turn([(each, next_step(each)) for each in rows])
    assert [[each.summary.name for each, _step in rows] for _title, rows in groups] == [["draft", "torn"], ["done"]]
    assert all(title for title, _rows in groups)


def test_rows_of_one_kind_need_no_title() -> None:
    rows = [(each, next_step(each)) for each in (row("none"), row("wait-review"))]
    assert in_turn(rows) == [("", rows)]
