"""The doctor finds nothing in a hub that is well, and each difference that is planted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shared.config import Settings
from tests.integration.console.conftest import Console
from tests.support.console_world import differences, published, query, submitted
from tests.support.running import running_hub, settings_in


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a hub with a published and a pending model, and a group."""
    folder = tmp_path_factory.mktemp("well")
    with running_hub(folder) as hub:
        published(hub, "kept")
        submitted(hub, "pending", "mia")
        group = hub.api("olga").made("/groups", {"name": "team"})["group"]["id"]
        assert hub.api("olga").patch(f"/groups/{group}", {"add": ["max"]}).status_code == 200
        hub.settled()
    return folder / "var"


@pytest.fixture
def settings(tmp_path: Path, well: Path) -> Settings:
    """A copy of its own."""
    shutil.copytree(well, tmp_path / "var")
    return settings_in(tmp_path)


PLANTED = [
    ("registry", "UPDATE names SET published = NOT published WHERE id = 'kept'", "name kept: the log says"),
    ("registry", "DELETE FROM names WHERE id = 'pending'", "name pending: the log has it, the table does not"),
    ("registry", "INSERT INTO names VALUES ('x', 'x', 'llm', 0)", "name x: the table has it, the log does not"),
    ("registry", "UPDATE owners SET owner = 'nobody' WHERE id = 'kept'", "owners of kept"),
    ("registry", "UPDATE events SET version = 7 WHERE stream = 'model-kept' AND version = 2", "without gaps"),
    ("registry", "UPDATE events SET type = 'hub.registry.ModelSubmitted.v9' WHERE version = 1", "ModelSubmitted"),
    ("registry", "UPDATE events SET type = 'hub.registry.Later.v1' WHERE version = 2", "newer release"),
    ("registry", "UPDATE events SET data = replace(data, '4096', '8192')", "is not the one of its hash"),
    ("registry", "UPDATE events SET mark = '' WHERE position = 1", "no mark"),
    ("review", "DELETE FROM owners", "owners of kept: the log has it, the table does not"),
    ("review", "DELETE FROM events WHERE stream = 'review-pending'", "review of pending 1"),
    ("pr_bot", "UPDATE pull_requests SET state = 'merged' WHERE model = 'kept'", "pull request of kept"),
    ("pr_bot", "DELETE FROM pull_requests WHERE model = 'pending'", "pull request of pending: the log has it"),
    (
        "pr_bot",
        "INSERT INTO unreleased VALUES ('kept', 7, 'abc')",
        "merge of kept 7: the table has it, the log does not",
    ),
    ("pr_bot", "INSERT INTO controls VALUES (1, 1, 0, 0, 'x')", "controls of requests: the log says"),
    ("identity", "DELETE FROM people WHERE login = 'uma'", "the log has it, the table does not"),
    ("identity", "UPDATE people SET roles = 'user,operator' WHERE login = 'uma'", "the log says"),
    ("identity", "UPDATE people SET disabled = 1 WHERE login = 'rita'", "the log says"),
    ("identity", "DELETE FROM tokens", "person"),
    ("identity", "DELETE FROM members", "group"),
    ("catalog", "UPDATE g1_models SET visibility = 'private' WHERE id = 'kept'", "models: kept"),
    ("catalog", "DELETE FROM g1_timeline WHERE source = 'review'", "timeline: review"),
    ("catalog", "UPDATE served_generation SET projection_version = 0", "another release"),
    (
        "catalog",
        "INSERT INTO parked (subscriber, source, generation, stream, position, before_position, before_mark, error, "
        "attempts, parked_at) VALUES ('catalog', 'registry', 1, 'model-kept', 1, 0, '', 'ValueError: x', 3, 0)",
        "catalog does not go on with registry's model-kept from position 1: ValueError: x",
    ),
]


def test_nothing_differs_in_a_hub_that_is_well(settings: Settings, console: Console) -> None:
    said = console("doctor")
    assert (said.exit_code, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert {line.split()[1] for line in lines} == {"registry:", "review:", "identity:", "pr_bot:", "catalog:"}


@pytest.mark.parametrize(("service", "sql", "expected"), PLANTED, ids=[f"{p[0]}-{n}" for n, p in enumerate(PLANTED)])
def test_a_planted_difference_is_found(settings: Settings, service: str, sql: str, expected: str) -> None:
    query(settings, service, sql)
    found = differences(settings)
    assert [said for said in found if expected in said] != [], found


def test_a_difference_is_shown_with_what_to_do_and_exit_code_one(settings: Settings, console: Console) -> None:
    query(settings, "catalog", "UPDATE g1_models SET visibility = 'private' WHERE id = 'kept'")
    said = console("doctor")
    assert (said.exit_code, said.stderr) == (1, "1 checks differ\n")
    (line,) = [line for line in said.stdout.splitlines() if line.startswith(" ")]
    assert line.endswith("models-hub rebuild catalog")


def test_the_doctor_works_beside_a_hub_that_people_use(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        for number in range(3):
            hub.api("max").made("/models", {"type": "llm", "document": _document(f"busy-{number}"), "submit": True})
            assert differences(settings_in(tmp_path)) == []
        hub.settled()


def _document(name: str) -> str:
    from tests.support.kill_rounds import Submission

    return str(Submission(name=name, key="").body()["document"])
