"""The bare repository as upstream: what the reconciler relies on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.pr_bot.upstream import BranchMoved, CommitText, NewPull, UpstreamFailed
from services.pr_bot.upstream.local_git import LocalGit, seed
from tests.support.git_people import Person
from tests.support.real_data import PROJECT

PATH = "xinference/model/llm/models/a.json"
BRANCH = "chore/models-sync/a"
TEXT = CommitText(
    author="bot", email="bot@example.invalid", date_s=1_700_000_000, message="Update a\n\nHub-Revision: a/1\n"
)


def record(name: str, **fields: object) -> str:
    return json.dumps([{"model_name": name, **fields}], indent=2) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    seed(tmp_path / "upstream.git", {PATH: record("a", size=1).encode(), "README.md": b"hello\n"})
    return tmp_path / "upstream.git"


@pytest.fixture
def upstream(path: Path) -> Iterator[LocalGit]:
    adapter = LocalGit(path)
    yield adapter
    adapter.close()


@pytest.fixture
def person(path: Path, tmp_path: Path) -> Person:
    return Person(path, tmp_path / "clone")


def propose(upstream: LocalGit, content: str | None = None) -> str:
    commit = upstream.build(upstream.head(), {PATH: content or record("a", size=2)}, TEXT)
    upstream.point(BRANCH, commit, expected=upstream.branch_head(BRANCH))
    return commit


def open_one(upstream: LocalGit) -> int:
    propose(upstream)
    return upstream.open_pull(NewPull(branch=BRANCH, title="t", body="b", draft=True)).number


def test_seeding_twice_changes_nothing(path: Path, upstream: LocalGit) -> None:
    assert seed(path, {"other": b"x"}) == upstream.head()


def test_building_the_same_commit_twice_gives_the_same_sha_and_moves_no_branch(upstream: LocalGit) -> None:
    base = upstream.head()
    first = upstream.build(base, {PATH: record("a", size=2)}, TEXT)
    assert upstream.build(base, {PATH: record("a", size=2)}, TEXT) == first
    assert upstream.head() == base
    assert upstream.commit(first).parents == (base,)
    assert upstream.commit(first).message == TEXT.message
    assert upstream.changed(base, first) == [PATH]


def test_text_comes_back_as_written(upstream: LocalGit) -> None:
    content = '[{"model_name": "ä 模型", "x": 1e-5}]'
    commit = upstream.build(upstream.head(), {PATH: content}, TEXT)
    assert upstream.text(commit, PATH) == content
    assert upstream.text(commit, "nothing/here") is None


def test_a_removed_file_is_gone(upstream: LocalGit) -> None:
    commit = upstream.build(upstream.head(), {PATH: None}, TEXT)
    assert upstream.files(commit) == {}


def test_a_branch_that_moved_meanwhile_is_not_overwritten(upstream: LocalGit) -> None:
    first = propose(upstream)
    other = upstream.build(upstream.head(), {PATH: record("a", size=3)}, TEXT)
    with pytest.raises(BranchMoved):
        upstream.point(BRANCH, other, expected=None)
    upstream.point(BRANCH, first, expected=None)
    assert upstream.branch_head(BRANCH) == first


@pytest.mark.parametrize("lock", ["refs/pull/1/head.lock", "refs/heads/chore/models-sync/a.lock", "packed-refs.lock"])
def test_a_lock_that_a_killed_git_left_behind_stops_nothing(upstream: LocalGit, path: Path, lock: str) -> None:
    left = path / lock
    left.parent.mkdir(parents=True, exist_ok=True)
    left.touch()
    os.utime(left, (1, 1))
    number = open_one(upstream)
    head = upstream.branch_head(BRANCH)
    (pull,) = upstream.pulls(BRANCH)
    assert (pull.number, pull.head_sha, pull.state) == (number, head, "open")
    upstream.delete_branch(BRANCH)
    assert upstream.branch_head(BRANCH) is None


def test_a_lock_that_somebody_holds_now_is_left_alone(upstream: LocalGit, path: Path) -> None:
    held = path / f"refs/heads/{BRANCH}.lock"
    held.parent.mkdir(parents=True, exist_ok=True)
    held.touch()
    with pytest.raises(BranchMoved):
        propose(upstream)
    assert held.exists()


def test_opening_twice_gives_one_pull_request(upstream: LocalGit, path: Path) -> None:
    number = open_one(upstream)
    assert LocalGit(path).open_pull(NewPull(branch=BRANCH, title="t2", body="b", draft=False)).number == number
    assert [(pull.number, pull.title, pull.draft) for pull in upstream.pulls(BRANCH)] == [(number, "t2", False)]


def test_a_comment_is_said_once(upstream: LocalGit) -> None:
    number = open_one(upstream)
    upstream.comment(number, "m", "hello")
    upstream.comment(number, "m", "hello")
    assert len(upstream.comments(number)) == 1


@pytest.mark.parametrize("how", ["merge", "squash", "fast_forward"])
def test_content_on_main_means_merged(upstream: LocalGit, person: Person, how: str) -> None:
    number = open_one(upstream)
    if how != "fast_forward":
        person.commit({"README.md": "changed\n"}, "something else")
    getattr(person, how)(BRANCH)
    pull = upstream.pulls(BRANCH)[0]
    assert (pull.number, pull.state, pull.merge_sha) == (number, "merged", upstream.head())


def test_main_moving_elsewhere_leaves_it_open(upstream: LocalGit, person: Person) -> None:
    open_one(upstream)
    person.commit({"README.md": "changed\n"}, "something else")
    assert upstream.pulls(BRANCH)[0].state == "open"


def test_a_deleted_branch_means_closed_by_a_person_and_reopening_needs_it_back(
    upstream: LocalGit, person: Person
) -> None:
    number = open_one(upstream)
    head = upstream.branch_head(BRANCH)
    person.delete(BRANCH)
    assert (upstream.pulls(BRANCH)[0].state, upstream.pulls(BRANCH)[0].closed_by) == ("closed", "upstream")
    assert head is not None
    upstream.point(BRANCH, head, expected=None)
    assert upstream.reopen_pull(number).state == "open"


def test_a_closed_pull_request_stays_closed_by_the_hub(upstream: LocalGit) -> None:
    number = open_one(upstream)
    upstream.close_pull(number)
    upstream.delete_branch(BRANCH)
    assert (upstream.pulls(BRANCH)[0].state, upstream.pulls(BRANCH)[0].closed_by) == ("closed", "hub")


def test_pull_requests_survive_a_new_process(upstream: LocalGit, path: Path) -> None:
    number = open_one(upstream)
    again = LocalGit(path)
    assert again.pulls(BRANCH)[0].number == number
    assert '+    "size": 2' in again.diff(again.head(), again.pulls(BRANCH)[0].head_sha)


def test_a_missing_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(UpstreamFailed):
        LocalGit(tmp_path / "nowhere.git").head()


def test_an_empty_seed_has_the_newest_layout(tmp_path: Path) -> None:
    seed(tmp_path / "empty.git", {})
    upstream = LocalGit(tmp_path / "empty.git")
    assert "xinference/model/world/models/.gitkeep" in upstream.files(upstream.head())


_GREEN = """import sys
from shared.green import go_green
go_green()
from pathlib import Path
from services.pr_bot.upstream.git import Git
git = Git(Path(sys.argv[1]))
print(len(git.read("main:large")[2]), git.read("main:README.md")[2])
git.close()
"""


def test_large_file_is_read_whole_under_eventlet_too(tmp_path: Path) -> None:
    seed(tmp_path / "large.git", {"large": b"0123456789" * 30_000, "README.md": b"hello"})
    command = [sys.executable, "-c", _GREEN, str(tmp_path / "large.git")]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == ("300000 b'hello'\n", 0), ran.stderr
