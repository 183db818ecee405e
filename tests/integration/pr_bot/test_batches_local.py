"""What several models in one request come to where no adapter has a part in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from services.pr_bot.doctor import examine
from services.pr_bot.projection import BATCHES
from services.pr_bot.reconcile.batches import NO_ROOM
from services.pr_bot.reconcile.branches import content_of
from shared.cursors import METADATA as CURSORS
from tests.integration.pr_bot.test_batches import BRANCH, document, publish, pull_of, switch
from tests.integration.pr_bot.test_proof import proven
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.pr_bot_world import World, opened_world


@pytest.fixture
def local(tmp_path: Path) -> Iterator[World]:
    with opened_world(tmp_path, LAYOUTS["aggregate"], on="local") as made:
        switch(made)
        yield made


def test_what_a_person_committed_to_it_is_taken_over_for_one_model(local: World) -> None:
    publish(local, "A-1", "A-2")
    path = local.catalogue(local.state("A-1").last.head_sha).find("A-1", model_type="llm").path  # type: ignore[union-attr]
    person = local.person()
    text = person.read(path, branch=BRANCH).replace('"updated_at": 211', '"updated_at": 211, "note": "theirs"', 1)
    person.commit({path: text}, "a note", branch=BRANCH)
    local.look()
    local.work()
    desired = local.registry.wanted["a-1"]
    found = content_of(local.git, local.state("A-1"), desired)
    assert ([commit.subject for commit in found.commits], found.beyond) == (["a note"], [])
    local.registry.submitted("A-1", "llm", found.document, owners=["u1"], is_published=True)
    local.work("A-1", ask="rebuild")
    assert local.record("A-1", "llm", pull_of(local, "A-1", "A-2").head_sha)["note"] == "theirs"


def test_a_draft_that_was_open_before_the_switch_goes_on_alone(local: World) -> None:
    switch(local, on=False)
    local.registry.submitted("A-1", "llm", document("A-1"), owners=["u1"])
    local.work("A-1")
    switch(local)
    local.registry.approved("A-1")
    publish(local, "A-2")
    local.work("A-1")
    pull_of(local, "A-2")
    assert (local.pull("A-1").branch, local.pull("A-1").draft) == ("chore/models-sync/a-1", False)


def test_a_removal_and_a_conflict_go_apart_and_what_main_holds_needs_none(local: World) -> None:
    publish(local, "A-1", "Old-Model", "Other")
    pull_of(local, "A-1", "Old-Model", "Other")
    local.registry.change("Old-Model", wanted="removed", revision=3)
    local.registry.change("Other", merge_conflict=True)
    local.work("Old-Model", "Other")
    pull_of(local, "A-1")
    assert local.pulls("chore/models-sync/old-model")[-1].title == "FEAT: [model] Old-Model removed"
    assert (local.state("Other").state, local.state("Other").is_open) == ("conflicted", False)
    local.registry.change("Other", merge_conflict=False, document=local.registry.wanted["other"].upstream_document)
    local.work("Other")
    assert local.state("Other").state == "noop"
    pull_of(local, "A-1")


def test_what_is_due_together_comes_aboard_with_the_first_step(local: World) -> None:
    names = [f"M-{number}" for number in range(4)]
    publish(local, *names, work=False)
    with local.database.write() as connection:
        for name in names:
            local.records.rows.turns.submitted_by(connection, name.lower(), "u1")
    local.work(*names)
    pull_of(local, *names)
    assert [local.names(name) for name in names] == [["Opened"]] * 4


def test_no_more_travel_together_than_one_body_holds(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.pr_bot.reconcile.batches.MOST_TOGETHER", 2)
    publish(local, "A-1", "A-2", "A-3")
    number = pull_of(local, "A-1", "A-2").number
    assert (local.state("A-3").state, local.state("A-3").reason) == ("queued", NO_ROOM)
    local.squash(BRANCH)
    local.look()
    local.work()
    assert pull_of(local, "A-3").number > number


def test_the_doctor_finds_a_shared_request_only_where_it_is_shared(local: World) -> None:
    local.database.create(CURSORS)
    publish(local, "A-1", "A-2")
    checks = examine(local.database, local.store)
    assert [check.differs for check in checks] == [[] for _ in checks]
    with local.database.write() as connection:
        connection.execute(delete(BATCHES))
    assert any("2 models have it" in fault for check in examine(local.database, local.store) for fault in check.differs)


def test_a_hint_of_it_is_every_models(local: World) -> None:
    publish(local, "A-1", "A-2")
    pull = pull_of(local, "A-1", "A-2")
    for hint in ({"number": pull.number}, {"branch": BRANCH}, {"sha": pull.head_sha}):
        assert [found.model for found in local.records.rows.concerned(**hint)] == ["a-1", "a-2"]


def test_two_of_one_owner_never_have_a_step_at_once(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = local.database.alone

    @contextmanager
    def busy(what: str, **more: Any) -> Iterator[bool]:
        with alone(what, **more) as mine:
            yield mine and not what.startswith("batch of")

    with monkeypatch.context() as held:
        held.setattr(local.database, "alone", busy)
        publish(local, "A-1")
    assert (local.state("A-1").state, local.names("A-1")) == ("none", [])
    local.work()
    pull_of(local, "A-1")


def test_main_moving_rebuilds_it_once_for_all(local: World) -> None:
    publish(local, "A-1", "A-2")
    local.person().commit({"README.md": "moved\n"}, "unrelated")
    local.look()
    local.work()
    pull_of(local, "A-1", "A-2")
    assert local.names("A-2")[-1] == "Updated"


def test_a_persons_title_stays(local: World) -> None:
    publish(local, "A-1", "A-2")
    pull = pull_of(local, "A-1", "A-2")
    local.git.edit_pull(pull.number, title="Better words", body=pull.body, draft=False)
    publish(local, "A-3")
    assert pull_of(local, "A-1", "A-2", "A-3").title == "Better words"


def test_its_one_command_proves_it(local: World, tmp_path: Path) -> None:
    publish(local, "A-1", "Old-Model", "Other")
    pull_of(local, "A-1", "Old-Model", "Other")
    assert "others" in proven(local, "A-1", tmp_path / "clone")
