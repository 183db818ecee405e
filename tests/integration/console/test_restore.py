"""Backup, go on, restore: nothing is silently skipped, nothing happens twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.archive.restoring import restore
from gateway.archive.writing import write_backup
from gateway.offline import console_caller
from shared.config import Settings
from shared.contracts.identity import ChangeUser
from shared.database import Database
from shared.event_store.restore import after_restore
from tests.support.console_world import differences, events, published, query, state_of, submitted, unpacked
from tests.support.running import running_hub, settings_in, until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def replace_database(settings: Settings, service: str, archive: Path, folder: Path) -> None:
    """One service's database as the backup has it, the others as they are now."""
    for leftover in settings.data_dir.glob(f"{service}.db*"):
        leftover.unlink()
    shutil.copyfile(unpacked(archive, folder) / f"{service}.db", settings.database_file(service))


def test_a_restored_hub_is_as_it_was_and_goes_on_without_doubled_effects(settings: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "hub.tar.gz"
    with running_hub(tmp_path) as hub:
        published(hub, "kept")
        submitted(hub, "pending")
        # Whoever joins the reviewers later is not told of what was asked before.
        hub.calls.identity.change_user(ChangeUser(login="mia", add_roles=["reviewer"]), console_caller())
        hub.settled()
        write_backup(settings, archive)
        then, told = events(settings), _notifications(settings)
        published(hub, "gone")
        given = {name: query(settings, name, "SELECT max(position) FROM events")[0][0] for name in then}
    restored = restore(settings, archive, replace=True)
    assert restored.aside is not None
    assert events(settings) == then
    with running_hub(tmp_path, people=False) as hub:
        until(lambda: state_of(hub, "kept") == "published" and not state_of(hub, "gone"), what="the hub as it was")
        hub.settled()
        # Of identity's, the token that this test asks with is new.
        assert {**events(settings), "identity": then["identity"]} == then
        assert _notifications(settings) == told
        published(hub, "gone")
        for name, before in given.items():
            newer = query(settings, name, "SELECT min(position) FROM events WHERE position > ?", len(then[name]))
            assert newer[0][0] > before, name
        pulls = hub.api("olga").get("/pulls").get_json()["items"]
        assert sorted(pull["name"] for pull in pulls) == ["gone", "kept", "pending"]
        assert len({pull["number"] for pull in pulls}) == 3
    assert differences(settings) == []


def test_a_hub_restored_on_another_machine_gives_no_position_again(settings: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "hub.tar.gz"
    with running_hub(tmp_path) as hub:
        published(hub, "kept")
        write_backup(settings, archive)
        published(hub, "lost")
        lost = query(settings, "registry", "SELECT max(position) FROM events")[0][0]
    other = settings_in(tmp_path / "other")
    assert restore(other, archive, replace=False).aside is None
    with running_hub(tmp_path / "other", people=False) as hub:
        published(hub, "new")
        newer = "SELECT min(position) FROM events WHERE stream = 'model-new'"
        assert query(other, "registry", newer)[0][0] > lost
    assert differences(other) == []


def test_a_catalog_older_than_registry_catches_up(settings: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "hub.tar.gz"
    with running_hub(tmp_path) as hub:
        published(hub, "first")
        write_backup(settings, archive)
        published(hub, "second")
    replace_database(settings, "catalog", archive, tmp_path / "unpacked")
    generation = query(settings, "catalog", "SELECT generation FROM served_generation")
    with running_hub(tmp_path, people=False) as hub:
        until(lambda: state_of(hub, "second") == "published", what="the second model is listed")
        hub.settled()
        assert query(settings, "catalog", "SELECT generation FROM served_generation") == generation
    assert differences(settings) == []


def test_a_registry_older_than_the_catalog_is_noticed_and_the_catalog_built_anew(
    settings: Settings, tmp_path: Path
) -> None:
    archive = tmp_path / "hub.tar.gz"
    with running_hub(tmp_path) as hub:
        published(hub, "first")
        write_backup(settings, archive)
        published(hub, "second")
    floor = query(settings, "registry", "SELECT max(position) FROM events")[0][0]
    replace_database(settings, "registry", archive, tmp_path / "unpacked")
    database = Database(settings.database_url_of("registry"))
    with database.write() as connection:
        after_restore(connection, floor_position=floor, published_position=0)
    database.close()
    with running_hub(tmp_path, people=False) as hub:
        until(lambda: not state_of(hub, "second"), what="what registry has lost is listed no more")
        assert state_of(hub, "first") == "published"
        assert query(settings, "catalog", "SELECT generation FROM served_generation")[0][0] > 1


def _notifications(settings: Settings) -> list[tuple[object, ...]]:
    told = query(settings, "identity", "SELECT cause, person, kind, model_name FROM notifications ORDER BY id")
    return told + query(settings, "identity", "SELECT cause, subject FROM mails ORDER BY id")
