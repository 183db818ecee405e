"""Pull requests live as they do on GitHub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.git_people import Person
from tests.support.github import FakeGitHub, Refused
from tests.support.github.asking import Client


def drafting(hub: Client, name: str, node: str) -> Any:
    kind = f"{name[0].upper()}{name[1:]}Input!"
    query = f"mutation M($input: {kind}) {{ {name}(input: $input) {{ pullRequest {{ isDraft }} }} }}"
    return hub.made("POST", "//graphql", {"query": query, "variables": {"input": {"pullRequestId": node}}})


def test_one_open_pull_request_a_branch(hub: Client) -> None:
    hub.pull("topic")
    body = {"head": "xorbitsai:topic", "base": "main", "title": "again"}
    assert "A pull request already exists for xorbitsai:topic" in hub.refused("POST", "/pulls", body)[1]
    hub.made("POST", "/git/refs", {"ref": "refs/heads/same", "sha": hub.head()})
    nothing = {"head": "same", "base": "main", "title": "nothing"}
    assert "No commits between main and same" in hub.refused("POST", "/pulls", nothing)[1]
    assert hub.refused("POST", "/pulls", {"head": "none", "base": "main", "title": "none"})[0] == 422
    assert [found["number"] for found in hub.get("/pulls?head=xorbitsai:topic&state=all")] == [1]
    assert hub.get("/pulls?head=xorbitsai:other") == []
    for long in ({"title": "x" * 257}, {"body": "x" * 65_537}):
        assert "is too long" in hub.refused("PATCH", "/pulls/1", long)[1]


def test_draft_and_ready_by_graphql_alone(hub: Client, uma: Client) -> None:
    hub.pull("topic", draft=True)
    node = hub.get("/pulls/1")["node_id"]
    ready = drafting(hub, "markPullRequestReadyForReview", node)
    assert ready["data"]["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False}
    assert hub.get("/pulls/1")["draft"] is False
    assert drafting(uma, "convertPullRequestToDraft", node)["errors"][0]["type"] == "FORBIDDEN"
    drafting(hub, "convertPullRequestToDraft", node)
    assert hub.get("/pulls/1")["mergeable_state"] == "draft"
    assert drafting(hub, "convertPullRequestToDraft", "PR_none")["errors"][0]["type"] == "NOT_FOUND"
    query = "query($n: ID!) { node(id: $n) { __typename ... on PullRequest { number draft: isDraft } } }"
    found = hub.made("POST", "//graphql", {"query": query, "variables": {"n": node}})
    assert found["data"]["node"] == {"__typename": "PullRequest", "number": 1, "draft": True}


def test_head_follows_pushes_to_the_branch(github: FakeGitHub, hub: Client, tmp_path: Path) -> None:
    hub.pull("topic")
    pushed = Person(github.repository, tmp_path / "people" / "clone").commit(
        {"a.json": "[4]\n"}, "More", branch="topic"
    )
    shown = hub.get("/pulls/1")
    assert (shown["head"]["sha"], shown["commits"], shown["changed_files"]) == (pushed, 2, 1)
    assert github.main.git.ref("refs/pull/1/head") == pushed
    assert [commit["sha"] for commit in hub.get("/pulls/1/commits")][-1] == pushed


def test_pull_request_from_a_fork_follows_it_too(github: FakeGitHub, uma: Client) -> None:
    uma.made("POST", "/forks", {})
    fork = github.find("uma", "inference")
    assert fork is not None
    first = github.commit({"f.json": "[1]\n"}, "Mine", branch="topic", by="uma", repository=fork)
    body = {"head": "uma:topic", "base": "main", "title": "From a fork", "maintainer_can_modify": True}
    made = uma.made("POST", "/pulls", body)
    assert (made["head"]["label"], made["head"]["sha"]) == ("uma:topic", first)
    second = github.commit({"f.json": "[2]\n"}, "More", branch="topic", by="uma", repository=fork)
    assert uma.get("/pulls/1")["head"]["sha"] == second == github.main.git.ref("refs/pull/1/head")
    assert [file["filename"] for file in uma.get("/pulls/1/files")] == ["f.json"]
    github.merge(1, method="squash")
    assert uma.get("/contents/f.json")["size"] == 4


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merged_pull_request_says_which_commit_carries_it(github: FakeGitHub, hub: Client, method: Any) -> None:
    hub.pull("topic")
    github.commit({"b/c.json": "[8]\n"}, "Beside")
    sha = github.merge(1, method=method)
    shown = hub.get("/pulls/1")
    assert (shown["merged"], shown["merge_commit_sha"], shown["merged_by"]["login"]) == (True, sha, "maintainer")
    assert hub.head() == sha
    assert (hub.get("/contents/a.json")["size"], hub.get("/contents/b/c.json")["size"]) == (4, 4)
    assert hub.refused("PUT", "/pulls/1/merge", {})[0] == 405


def test_conflict_is_seen_and_does_not_merge(github: FakeGitHub, hub: Client) -> None:
    hub.pull("topic")
    github.commit({"a.json": "[5]\n"}, "Otherwise")
    shown = hub.get("/pulls/1")
    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    with pytest.raises(Refused) as refused:
        github.merge(1)
    assert refused.value.status == 405
    assert hub.refused("PUT", "/pulls/1/merge", {"sha": "0" * 40})[0] == 409


def test_closing_and_reopening_keeps_githubs_rules(github: FakeGitHub, hub: Client) -> None:
    hub.pull("topic")
    head = hub.head("topic")
    assert hub.made("PATCH", "/pulls/1", {"state": "closed"})["state"] == "closed"
    assert hub.made("PATCH", "/pulls/1", {"state": "open"})["state"] == "open"
    hub.ask("DELETE", "/git/refs/heads/topic")
    assert hub.get("/pulls/1")["state"] == "closed"
    assert "branch has been deleted" in hub.refused("PATCH", "/pulls/1", {"state": "open"})[1]
    hub.made("POST", "/git/refs", {"ref": "refs/heads/topic", "sha": hub.commit(hub.head(), "a.json", "[6]\n")})
    assert "force-pushed or recreated" in hub.refused("PATCH", "/pulls/1", {"state": "open"})[1]
    hub.made("PATCH", "/git/refs/heads/topic", {"sha": head, "force": True})
    assert hub.made("PATCH", "/pulls/1", {"state": "open", "title": "Again"})["title"] == "Again"
    hub.made("PATCH", "/git/refs/heads/topic", {"sha": hub.head(), "force": True})
    assert hub.get("/pulls/1")["state"] == "closed"


def test_pushing_its_commits_to_main_merges_it(github: FakeGitHub, hub: Client, tmp_path: Path) -> None:
    hub.pull("one")
    hub.pull("two", path="two.json")
    person = Person(github.repository, tmp_path / "people" / "clone")
    merge = person.merge("one")
    assert (hub.get("/pulls/1")["merged"], hub.get("/pulls/1")["merge_commit_sha"]) == (True, merge)
    person.squash("two")
    assert hub.get("/pulls/2")["state"] == "open"


def test_what_people_leave_is_shown(github: FakeGitHub, hub: Client, uma: Client) -> None:
    hub.pull("topic")
    head = hub.head("topic")
    said = hub.made("POST", "/issues/1/comments", {"body": "by the hub"})
    hub.made("PATCH", f"/issues/comments/{said['id']}", {"body": "by the hub, again"})
    assert uma.refused("PATCH", f"/issues/comments/{said['id']}", {"body": "not mine"})[0] == 403
    github.comment(1, "by hand")
    github.review(1, "changes_requested", "please")
    github.line_comment(1, "a.json", "here")
    assert [found["body"] for found in hub.get("/issues/1/comments")] == ["by the hub, again", "by hand"]
    assert [found["state"] for found in hub.get("/pulls/1/reviews")] == ["CHANGES_REQUESTED", "COMMENTED"]
    assert [(found["path"], found["body"]) for found in hub.get("/pulls/1/comments")] == [("a.json", "here")]
    github.check(head, "lint", "failure")
    github.check(head, "lint", "success")
    github.check(head, "build", status="in_progress")
    runs = hub.get(f"/commits/{head}/check-runs")["check_runs"]
    assert [(run["name"], run["status"], run["conclusion"]) for run in runs] == [
        ("lint", "completed", "success"),
        ("build", "in_progress", None),
    ]
    github.status(head, "docs", "pending")
    assert hub.get(f"/commits/{head}/status")["state"] == "pending"
    assert [label["name"] for label in hub.made("POST", "/issues/1/labels", ["bot", "model"])] == ["bot", "model"]
    assert uma.refused("POST", "/issues/1/labels", {"labels": ["x"]})[0] == 403
    assert len(hub.get("/issues/1/labels")) == 2
    github.tag("v3.6.0")
    assert hub.get("/tags")[0]["commit"]["sha"] == hub.head() == hub.get("/commits/v3.6.0")["sha"]
    assert hub.get("/releases")[0]["tag_name"] == "v3.6.0"
