"""Git by the API is the same git."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

from tests.support.git_people import Person
from tests.support.github import FakeGitHub
from tests.support.github.asking import REPOSITORY, Client


def git(github: FakeGitHub, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "--git-dir", github.repository, *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def test_commit_of_the_api_has_the_sha_that_git_gives(github: FakeGitHub, hub: Client) -> None:
    main = hub.head()
    made = hub.commit(main, "b/d/e.json", "[3]\n", message="One\n\nCo-authored-by: Ä <a@b>\n")
    raw = git(github, "cat-file", "commit", made) + "\n"
    assert f"author Uma <uma@example.invalid> {1795600800} +0000" in raw
    again = subprocess.run(
        ["git", "--git-dir", github.repository, "hash-object", "-t", "commit", "--stdin"],
        input=raw.encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert (
        again.stdout.decode().strip()
        == made
        == hub.commit(main, "b/d/e.json", "[3]\n", message=raw.split("\n\n", 1)[1])
    )
    assert git(github, "ls-tree", "-r", "--name-only", made).split() == ["a.json", "b/c.json", "b/d/e.json", "big.json"]
    assert git(github, "fsck", "--strict", made) == ""


def test_null_removes_and_leaves_no_empty_folder(github: FakeGitHub, hub: Client) -> None:
    made = hub.commit(hub.head(), "b/c.json", None)
    assert git(github, "ls-tree", "-r", "--name-only", made).split() == ["a.json", "big.json"]
    tree = hub.tree(made)
    body = {"base_tree": tree, "tree": [{"path": "b/c.json", "mode": "100644", "type": "blob", "sha": None}]}
    assert hub.refused("POST", "/git/trees", body)[0] == 422


def test_tree_shows_every_path_with_its_blob(github: FakeGitHub, hub: Client) -> None:
    found = hub.get("/git/trees/main?recursive=1")
    shown = [f"{entry['mode']} {entry['type']} {entry['sha']}\t{entry['path']}" for entry in found["tree"]]
    assert shown == git(github, "ls-tree", "-r", "-t", "main").splitlines()
    assert [entry["path"] for entry in hub.get(f"/git/trees/{found['sha']}")["tree"]] == ["a.json", "b", "big.json"]


def test_files_over_one_megabyte_come_without_content(hub: Client) -> None:
    big = hub.get("/contents/big.json?ref=main")
    assert (big["encoding"], big["content"], big["size"]) == ("none", "", 1_100_000)
    assert len(base64.b64decode(hub.get(f"/git/blobs/{big['sha']}")["content"])) == 1_100_000
    assert base64.b64decode(hub.get("/contents/b/c.json")["content"]) == b"[2]\n"
    assert [entry["type"] for entry in hub.get("/contents/")] == ["file", "dir", "file"]
    assert hub.refused("GET", "/contents/none")[0] == 404


def test_references_move_as_github_lets_them(hub: Client) -> None:
    main = hub.head()
    one, other = hub.commit(main, "a.json", "[1]\n"), hub.commit(main, "a.json", "[2]\n")
    reference = {"ref": "refs/heads/chore/x/y", "sha": one}
    hub.made("POST", "/git/refs", reference)
    assert "Reference already exists" in hub.refused("POST", "/git/refs", reference)[1]
    assert "not a fast forward" in hub.refused("PATCH", "/git/refs/heads/chore/x/y", {"sha": other})[1]
    hub.made("PATCH", "/git/refs/heads/chore/x/y", {"sha": other, "force": True})
    assert hub.head("chore/x/y") == other
    gone = {"ref": "refs/heads/z", "sha": "1" * 40}
    assert "Object does not exist" in hub.refused("POST", "/git/refs", gone)[1]
    assert hub.refused("POST", "/git/refs", {"ref": "refs/heads/chore/x", "sha": one})[0] == 422
    assert [found["ref"] for found in hub.get("/git/matching-refs/heads/chore/")] == ["refs/heads/chore/x/y"]
    assert hub.ask("DELETE", "/git/refs/heads/chore/x/y").status_code == 204
    assert "Reference does not exist" in hub.refused("DELETE", "/git/refs/heads/chore/x/y")[1]
    assert hub.refused("GET", "/git/ref/heads/chore/x/y")[0] == 404


def test_comparison_counts_and_shows_what_differs(github: FakeGitHub, hub: Client) -> None:
    hub.branch("topic", "new.json", "[1]\n")
    github.commit({"a.json": "[9]\n", "b/c.json": None}, "Change")
    found = hub.get("/compare/main...topic")
    assert (found["status"], found["ahead_by"], found["behind_by"]) == ("diverged", 1, 1)
    assert [(file["filename"], file["status"], file["patch"]) for file in found["files"]] == [
        ("new.json", "added", "@@ -0,0 +1 @@\n+[1]")
    ]
    text = hub.ask("GET", "/compare/main...topic", accept="application/vnd.github.diff").text
    assert text.startswith("diff --git a/new.json b/new.json")
    newest = hub.get("/commits/main")
    assert {file["filename"]: file["status"] for file in newest["files"]} == {
        "a.json": "modified",
        "b/c.json": "removed",
    }
    assert [commit["commit"]["message"] for commit in hub.get("/commits?sha=main&path=a.json")] == [
        "Change\n",
        "Initial",
    ]


def test_who_may_not_push_finds_nothing_to_push_to(github: FakeGitHub, uma: Client) -> None:
    assert uma.get("")["permissions"]["push"] is False
    assert uma.refused("POST", "/git/blobs", {"content": "x"})[0] == 404
    github.user("uma", token="github_pat_uma", scopes=("contents",), push=False)
    fine = Client(github, "github_pat_uma")
    answer = fine.ask("POST", "/git/blobs", {"content": "x"})
    assert (answer.status_code, "Resource not accessible" in answer.text) == (403, True)
    assert "X-OAuth-Scopes" not in answer.headers
    assert uma.ask("GET", "//user").headers["X-OAuth-Scopes"] == "repo, workflow"
    assert Client(github, "ghp_no").refused("GET", "//user")[0] == 401


def test_fork_is_a_repository_of_its_own(github: FakeGitHub, uma: Client) -> None:
    github.fork_appears_after = 1
    fork = uma.made("POST", "/forks", {"default_branch_only": True})
    assert (fork["full_name"], fork["parent"]["full_name"]) == ("uma/inference", "xorbitsai/inference")
    assert [uma.ask("GET", "//repos/uma/inference").status_code for _ in range(2)] == [404, 200]
    assert uma.made("POST", "/forks", {})["id"] == fork["id"]
    newest = github.commit({"a.json": "[5]\n"}, "Later")
    merged = uma.made("POST", "//repos/uma/inference/merge-upstream", {"branch": "main"})
    assert merged["merge_type"] == "fast-forward"
    assert uma.get("//repos/uma/inference/git/ref/heads/main")["object"]["sha"] == newest
    github.forking = False
    assert uma.refused("POST", "/forks", {})[0] == 403


def test_people_push_with_git_beside_the_api(github: FakeGitHub, hub: Client, tmp_path: Path) -> None:
    person = Person(github.repository, tmp_path / "people" / "clone")
    sha = person.commit({"d.json": "[7]\n"}, "By hand")
    assert hub.head() == sha
    assert hub.ask("GET", f"/{sha}/nothing").status_code == 404
    assert github.calls[-1] == ("GET", f"{REPOSITORY}/{sha}/nothing", 404)
