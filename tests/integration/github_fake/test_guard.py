"""What GitHub's description does not allow fails the test that it happens in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from scripts import npm_packages
from scripts.github_description import OPERATIONS, WEBHOOKS, description
from tests.support.github import FakeGitHub, fake_github
from tests.support.github import shapes as shapes_module
from tests.support.github.answering import ROUTES
from tests.support.github.checking import Violation

REPOSITORY = "/repos/xorbitsai/inference"


def asked(github: FakeGitHub, method: str, path: str, body: Any = None) -> requests.Response:
    github.user("hub", token="ghp_hub")
    return requests.request(
        method, github.url + path, json=body, headers={"Authorization": "token ghp_hub"}, timeout=10
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", f"{REPOSITORY}/git/blobs", {"content": "x", "encodng": "utf-8"}, "body.encodng"),
        ("POST", f"{REPOSITORY}/git/trees", {"tree": [{"path": "a", "mod": "100644"}]}, r"body.tree\[0\].mod"),
        ("POST", f"{REPOSITORY}/git/blobs", {"content": 5}, "content: 5 is not of type"),
        ("POST", f"{REPOSITORY}/pulls", {"head": "x", "base": "main", "lables": ["a"]}, "body.lables"),
        ("GET", f"{REPOSITORY}/pulls?stat=all", None, "query parameter 'stat'"),
        ("GET", f"{REPOSITORY}/pulls?state=merged", None, "merged"),
        ("POST", "/graphql", {"query": "{ viewer { nickname } }"}, "nickname"),
        ("POST", "/graphql", {"query": "mutation { convertPullRequestToDraft(input: {id: 1}) { __typename } }"}, "id"),
        ("POST", "/graphql", {"query": "{ viewer { login } }", "operation": "x"}, "operation"),
    ],
)
def test_wrong_request_fails_its_test(tmp_path: Path, method: str, path: str, body: Any, said: str) -> None:
    with pytest.raises(Violation, match=said), fake_github(tmp_path, {"a": "1"}) as github:
        asked(github, method, path, body)


@pytest.mark.parametrize(
    "wrong", [{"id": "1"}, {"private": None}, {"owner": {"login": "x"}}, {"created_at": "today"}, {"ours": 1}]
)
def test_wrong_answer_fails_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    right = shapes_module.full_repository
    monkeypatch.setattr(shapes_module, "full_repository", lambda *given, push: right(*given, push=push) | wrong)
    with pytest.raises(Violation, match=next(iter(wrong))), fake_github(tmp_path, {"a": "1"}) as github:
        asked(github, "GET", REPOSITORY)


def test_missing_field_of_an_answer_fails_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes_module, "reference", lambda *_given: {"ref": "refs/heads/main"})
    with pytest.raises(Violation, match="node_id"), fake_github(tmp_path, {"a": "1"}) as github:
        asked(github, "GET", f"{REPOSITORY}/git/ref/heads/main")


def test_wrong_webhook_fails_its_test(tmp_path: Path) -> None:
    with pytest.raises(Violation, match="check_run"), fake_github(tmp_path, {"a": "1"}) as github:
        github.webhooks(lambda _headers, _body: 200, "secret")
        github.tell("check_run", {"action": "completed"}, github.main, github.person("x"))


def test_violation_does_not_hide_what_the_test_itself_found(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught, fake_github(tmp_path, {"a": "1"}) as github:
        asked(github, "GET", f"{REPOSITORY}/pulls?stat=all")
        raise ZeroDivisionError
    assert any("'stat'" in note for note in caught.value.__notes__)


def test_every_route_is_one_that_github_describes() -> None:
    ours = {f"{route.method.lower()} {route.template}" for route in ROUTES if not route.template.endswith("contents/")}
    of_ours_alone = {"post /graphql", "get /repos/{owner}/{repo}/contents"}
    assert ours - of_ours_alone == set(OPERATIONS)
    assert {f"/webhooks/{name}" for name in WEBHOOKS} <= description().openapi["paths"].keys()


def test_package_of_another_hash_is_refused_and_thrown_away(tmp_path: Path) -> None:
    packed = tmp_path / "somebody-thing-1.0.0.tgz"
    packed.write_bytes(b"something else")
    with pytest.raises(RuntimeError, match="expected sha256 00"):
        npm_packages.archive("@somebody/thing@1.0.0", sha256="00", folder=tmp_path)
    assert not packed.exists()
