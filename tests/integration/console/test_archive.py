"""An archive is one cut, whole, and readable by its owner alone; what is none is refused and changes nothing."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.archive import pending, writing
from gateway.archive.contents import DATABASES, LOGS, NoArchive
from gateway.archive.pending import NOTE, STAGE, finish_interrupted
from gateway.archive.restoring import DataDirectoryNotEmpty, restore
from gateway.archive.writing import write_backup
from gateway.embedded_lock import DataDirectoryInUse, data_directory_lock
from shared.config import Settings
from tests.support.console_world import differences, published, query, submitted, unpacked
from tests.support.running import running_hub, settings_in


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a hub with one public model."""
    folder = tmp_path_factory.mktemp("backed-up")
    with running_hub(folder) as hub:
        published(hub, "kept")
        write_backup(settings_in(folder), folder / "hub.tar.gz")
    return folder / "hub.tar.gz"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_archive_is_its_owners_alone_and_holds_everything_once(backed_up: Path) -> None:
    assert backed_up.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backed_up) as opened:
        names = opened.getnames()
    assert len(names) == len(set(names))
    assert {*(f"{name}.db" for name in DATABASES), "seal.key", "upstream.git/HEAD"} <= set(names)
    assert [name for name in names if name.endswith((".db-wal", ".db-shm", "hub.lock"))] == []


def test_each_archive_is_one_cut_while_people_go_on(settings: Settings, tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        stopped = threading.Event()

        def submit() -> None:
            number = 0
            while not stopped.is_set():
                published(hub, f"busy-{number}")
                number += 1

        busy = threading.Thread(target=submit)
        busy.start()
        try:
            for number in range(4):
                write_backup(settings, tmp_path / f"{number}.tar.gz")
        finally:
            stopped.set()
            busy.join()
    for number in range(4):
        other = settings_in(tmp_path / str(number))
        unpacked(tmp_path / f"{number}.tar.gz", other.data_dir)
        for service in DATABASES:
            for source, position, mark in query(other, service, "SELECT source, position, mark FROM cursors"):
                rows = query(other, source, "SELECT mark FROM events WHERE position = ?", position)
                assert position == 0 or rows == [(mark,)], (service, source, position)
        assert differences(other) == []


def test_a_failed_backup_leaves_the_older_one(
    settings: Settings, tmp_path: Path, backed_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(settings, backed_up, replace=False)
    target = tmp_path / "hub.tar.gz"
    write_backup(settings, target)
    before = target.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_pack", full)
    with pytest.raises(OSError, match="No space left"):
        write_backup(settings, target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_restore_is_refused_while_a_hub_runs(settings: Settings, backed_up: Path) -> None:
    with data_directory_lock(settings), pytest.raises(DataDirectoryInUse):
        restore(settings, backed_up, replace=True)


def test_a_restore_overwrites_nothing_unless_told_to_move_it_aside(settings: Settings, backed_up: Path) -> None:
    restore(settings, backed_up, replace=False)
    before = files_in(settings.data_dir)
    with pytest.raises(DataDirectoryNotEmpty):
        restore(settings, backed_up, replace=False)
    assert files_in(settings.data_dir) == before
    aside = restore(settings, backed_up, replace=True).aside
    assert aside is not None
    assert files_in(aside) == {name: data for name, data in before.items() if name != "hub.lock"}


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def damaged(data: bytes) -> bytes:
    plain = bytearray(gzip.decompress(data))
    at = plain.find(b"SQLite format 3") + 5000
    plain[at] ^= 0xFF
    return gzip.compress(bytes(plain))


def without_registry(data: bytes) -> bytes:
    return rewritten(data, lambda name, content: None if name == "registry.db" else content)


def with_a_stranger(data: bytes) -> bytes:
    return rewritten(data, lambda _name, content: content, extra=("../stranger", b"x"))


def naming_a_stranger(data: bytes) -> bytes:
    def edited(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        manifest = json.loads(content)
        manifest["files"]["upstream.git/../../stranger"] = "0" * 64
        return json.dumps(manifest).encode()

    return rewritten(data, edited)


def of_a_later_format(data: bytes) -> bytes:
    return rewritten(
        data,
        lambda name, content: content.replace(b'"format": 1', b'"format": 2') if name == "manifest.json" else content,
    )


def rewritten(
    data: bytes, edit: Callable[[str, bytes], bytes | None], *, extra: tuple[str, bytes] | None = None
) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            if not member.isfile():
                new.addfile(member)
                continue
            file = old.extractfile(member)
            content = edit(member.name, file.read()) if file else None
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
        if extra is not None:
            stranger = tarfile.TarInfo(extra[0])
            stranger.size = len(extra[1])
            new.addfile(stranger, io.BytesIO(extra[1]))
    return out.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [truncated, damaged, without_registry, with_a_stranger, naming_a_stranger, of_a_later_format, lambda _: b""],
)
def test_what_is_no_whole_backup_changes_nothing(
    settings: Settings, tmp_path: Path, backed_up: Path, spoil: Callable[[bytes], bytes]
) -> None:
    restore(settings, backed_up, replace=False)
    before = files_in(settings.data_dir)
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(spoil(backed_up.read_bytes()))
    with pytest.raises(NoArchive):
        restore(settings, bad, replace=True)
    assert files_in(settings.data_dir) == before
    assert not (tmp_path / "stranger").exists()


class Cut(BaseException):
    """The power."""


def cut_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `number`-th move of a file (from 1) does not happen any more."""
    moves = iter(range(1, 1000))
    rename = Path.rename

    def counted(path: Path, target: Path) -> Path:
        if next(moves) >= number:
            raise Cut
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", counted)


# Of the moves of one restore over a whole hub: eight files away, seven in.
MOMENTS = (1, 4, 8, 9, 12, 15)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_restore_that_was_cut_off_is_finished_by_the_next_start(
    tmp_path: Path, backed_up: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    settings = settings_in(tmp_path)
    restore(settings, backed_up, replace=False)
    (settings.data_dir / "imported.json").write_text("older")
    before = files_in(settings.data_dir)
    with monkeypatch.context() as patched:
        cut_at(moment, patched)
        with pytest.raises(Cut):
            restore(settings, backed_up, replace=True)
    assert (settings.data_dir / NOTE).exists()
    assert finish_interrupted(settings)
    assert not finish_interrupted(settings)
    names = {path.name for path in settings.data_dir.iterdir()}
    assert {NOTE, STAGE} & names == set()
    (aside,) = [settings.data_dir / name for name in names if name.startswith(pending.ASIDE)]
    assert files_in(aside) == {name: data for name, data in before.items() if name != "hub.lock"}
    assert {f"{name}.db" for name in LOGS} | {"upstream.git", "seal.key"} <= names
    assert "imported.json" not in names
    assert differences(settings) == []


def test_a_restored_upstream_keeps_its_pull_requests(settings: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "hub.tar.gz"
    with running_hub(tmp_path) as hub:
        submitted(hub, "drafted")
        write_backup(settings, archive)
    before = files_in(settings.own_upstream / "hub-pulls")
    restore(settings, archive, replace=True)
    assert files_in(settings.own_upstream / "hub-pulls") == before
    with running_hub(tmp_path, people=False) as hub:
        hub.settled()
        assert hub.api("olga").get("/models/drafted/pull-request").get_json()["state"] == "draft"
