"""GitHub as upstream: few calls, none twice, none before its time, and what others do meanwhile is seen."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.pr_bot.upstream import NewPull, RateLimited, TokenRefused, UpstreamFailed
from services.pr_bot.upstream.github import GitHub
from services.pr_bot.upstream.github_calls import GitHubCalls
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.github import FakeGitHub, fake_github
from tests.support.pr_bot_world import TOKEN, World
from tests.support.registry_fake import model

BRANCH = "chore/models-sync/glm-5-1"
LARGE = "\n".join(f"line {number} of a file that is too long to go along" for number in range(40_000))


@pytest.fixture(params=sorted(LAYOUTS))
def github(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path, LAYOUTS[request.param]) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, github: FakeGitHub) -> Iterator[World]:
    made = World(tmp_path, {}, github=github)
    yield made
    made.close()


def submit(world: World, *, size: int = 1, **more: object) -> None:
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=size, updated_at=200 + size), **more)
    world.work("glm-5.1")


def asked(github: FakeGitHub, *, since: int = 0) -> list[tuple[str, str]]:
    return [(method, path.partition("?")[0].rpartition("/")[2]) for method, path, _ in github.calls[since:]]


def test_a_new_request_takes_at_most_10_calls_and_an_update_8(world: World, github: FakeGitHub) -> None:
    submit(world)
    first = world.calls_taken
    submit(world, size=2)
    update = world.calls_taken
    submit(world, size=3, is_published=True)
    ready = world.calls_taken
    print(f"calls: new request {first}, update {update}, update made ready {ready}")
    assert (first <= 10, update <= 8, ready <= 8) == (True, True, True)
    assert github.pull(1).draft is False


def test_a_ready_request_is_a_draft_before_it_carries_what_nobody_approved(world: World, github: FakeGitHub) -> None:
    submit(world, is_published=True)
    before = len(github.calls)
    submit(world, size=2)
    acts = [(method, last) for method, last in asked(github, since=before) if method != "GET"]
    assert acts.index(("POST", "graphql")) < acts.index(("PATCH", "glm-5-1"))
    assert (github.pull(1).draft, world.calls_taken <= 8) == (True, True)


def test_a_persons_commit_on_a_closed_request_is_not_built_over(world: World, github: FakeGitHub) -> None:
    submit(world)
    theirs = github.commit({"note.txt": "mine\n"}, "mine", branch=BRANCH)
    github.close_pull(1)
    github.delete_branch(BRANCH)
    world.look()
    world.work()
    world.work("glm-5.1", ask="reopen")
    assert (world.state("glm-5.1").state, github.pull(1).state, github.pull(1).head_sha) == ("paused", "closed", theirs)


def test_looking_again_at_what_has_not_changed_costs_nothing(world: World, github: FakeGitHub) -> None:
    submit(world)
    world.look()
    before, budget = len(github.calls), world.git.budget()
    world.look()
    assert {status for _, _, status in github.calls[before:]} == {304}
    assert budget is not None
    assert world.git.budget() == budget


def test_content_is_read_once(world: World, github: FakeGitHub) -> None:
    submit(world)
    submit(world, size=2)
    objects = [path for method, path, _ in github.calls if method == "GET" and ("/blobs/" in path or "/trees/" in path)]
    assert len(objects) == len(set(objects))


def test_a_catalogue_of_many_files_is_read_in_few_calls(tmp_path: Path) -> None:
    names = [f"M{number}" for number in range(250)]
    files = {f"xinference/model/llm/models/{name}.json": model(name, note="é") + "\n" for name in names}
    with fake_github(tmp_path, files) as github:
        world = World(tmp_path, {}, github=github, imported=False)
        catalogue = world.catalogue()
        held = [held.name for path in catalogue.paths for held in catalogue.models_in(path)]
        assert sorted(held) == sorted(names)
        assert [method for method, _ in asked(github)] == ["GET", "GET", "POST", "POST", "POST"]
        world.restart()
        github.faults.before("POST", "/graphql")
        assert [*world.catalogue().texts.values()] == [files[path] for path in sorted(files)]
        world.close()


def test_a_large_file_goes_and_comes_whole(tmp_path: Path) -> None:
    documents = [json.loads(model("Huge", text=LARGE))[0], json.loads(model("Other"))[0]]
    files = {"xinference/model/llm/llm_family.json": json.dumps(documents, indent=2) + "\n"}
    with fake_github(tmp_path, files) as github:
        world = World(tmp_path, {}, github=github)
        submit(world)
        assert world.calls_taken <= 10
        head = world.pull("glm-5.1").head_sha
        assert world.record("Huge", "llm", head) == documents[0]
        assert world.record("GLM-5.1", "llm", head)["size"] == 1
        world.close()


def test_what_is_written_is_sent_once_though_no_answer_comes(world: World, github: FakeGitHub) -> None:
    github.faults.cut("POST", "/pulls", done=True)
    submit(world)
    assert world.state("glm-5.1").state == "failed"
    assert asked(github).count(("POST", "pulls")) == 1
    world.now += 10
    world.work()
    assert (asked(github).count(("POST", "pulls")), len(github.pulls())) == (1, 1)
    assert world.state("glm-5.1").state == "draft"


def test_reading_is_tried_again_at_once(world: World, github: FakeGitHub) -> None:
    github.faults.before("GET", "/git/ref/*", times=2)
    submit(world)
    assert world.state("glm-5.1").state == "draft"


def test_a_request_that_an_old_answer_hides_is_found(world: World, github: FakeGitHub) -> None:
    """The lookup says that there is none; GitHub refuses a second one, and the next lookup knows of it."""
    github.faults.after("POST", "/pulls")
    submit(world)
    github.faults.stale("/pulls", times=2)
    world.now += 10
    world.work()
    world.now += 10
    world.work()
    assert (len(github.pulls()), world.state("glm-5.1").state) == (1, "draft")


def test_a_commit_that_a_person_pushes_meanwhile_stays(world: World, github: FakeGitHub) -> None:
    """Between the look and the act: GitHub has no such thing as an expected head, so it is looked at once more."""
    submit(world)
    git = world.git
    assert isinstance(git, GitHub)
    ask = git._calls._requester.requestJson
    theirs: list[str] = []

    def pushed_meanwhile(verb: str, url: str, *arguments: object, **named: object) -> object:
        if verb == "POST" and url.endswith("/git/commits") and not theirs:
            theirs.append(github.commit({"note.txt": "mine\n"}, "mine", branch=BRANCH))
        return ask(verb, url, *arguments, **named)  # type: ignore[arg-type]

    git._calls._requester.requestJson = pushed_meanwhile  # type: ignore[assignment,method-assign]
    submit(world, size=2)
    world.now += 10
    world.work()
    assert github.main.git.branch(BRANCH) == theirs[0]
    assert world.state("glm-5.1").state == "paused"


def test_used_up_calls_are_waited_for_without_a_refusal(world: World, github: FakeGitHub) -> None:
    github.limit.per_hour = 5_000
    budget = world.git.budget()
    assert budget is not None
    github.limit.per_hour = 5_000 - budget.remaining + 5
    submit(world)
    asleep = world.records.rows.turns.asleep_at(world.now)
    assert asleep is not None
    assert asleep.until >= budget.resets_at
    before = len(github.calls)
    world.work("glm-5.1")
    with pytest.raises(RateLimited):
        world.git.head()
    assert (len(github.calls) - before, github.limit.refusals) == (0, 0)
    world.now = asleep.until + 1
    world.work()
    assert (world.state("glm-5.1").state, len(github.pulls()), github.limit.refusals) == ("draft", 1, 0)


@pytest.mark.parametrize("kind", ["secondary", "too_many"])
def test_a_secondary_limit_stops_all_calls_until_its_time(world: World, github: FakeGitHub, kind: str) -> None:
    getattr(github.faults, kind)("POST", "/git/trees", retry_after_s=30)
    started = world.now
    submit(world)
    before = len(github.calls)
    for _ in range(3):
        world.work("glm-5.1")
    assert len(github.calls) == before
    world.now = started + 31
    world.work()
    assert (world.state("glm-5.1").state, len(github.pulls())) == ("draft", 1)


def test_what_came_back_is_told_in_the_hubs_words(world: World, github: FakeGitHub) -> None:
    submit(world)
    head = github.pull(1).head_sha
    world.git.comment(1, "models-hub:test", "said by the hub")
    world.git.comment(1, "models-hub:test", "said by the hub, again")
    github.comment(1, "please sort it", by="alice")
    github.review(1, "changes_requested", "not yet", by="bob")
    github.line_comment(1, "a.json", "here", by="bob")
    github.check(head, "docs", "success")
    github.check(head, "lint", status="in_progress")
    github.status(head, "old-ci", "failure")
    said = world.git.remarks(1)
    assert [(remark.author, remark.kind, remark.text, remark.verdict) for remark in said] == [
        ("alice", "comment", "please sort it", ""),
        ("bob", "line", "here", ""),
        ("bob", "review", "not yet", "changes_requested"),
    ]
    assert [(check.name, check.state) for check in world.git.checks(head)] == [
        ("docs", "success"),
        ("lint", "pending"),
        ("old-ci", "failure"),
    ]
    assert len([text for text in world.git.comments(1) if "said by the hub" in text]) == 1


def test_the_first_release_that_carries_it_is_found_by_version(world: World, github: FakeGitHub) -> None:
    for name in ("v4.1.0", "v4.2.0"):
        github.tag(name)
        github.commit({"README.md": name}, name)
    merged = github.main.git.branch("main")
    assert merged is not None
    assert world.git.first_release(merged) == ""
    github.commit({"README.md": "more"}, "more")
    for name in ("nightly", "v4.10.0", "v4.9.0", "v4.11.0rc1"):
        github.tag(name)
        github.commit({"README.md": name}, name)
    assert world.git.first_release(merged) == "v4.9.0"


def test_closed_is_told_apart_by_who_closed_it(world: World, github: FakeGitHub) -> None:
    submit(world)
    closed = world.git.close_pull(1)
    assert (closed.state, closed.closed_by, closed.body) == ("closed", "hub", world.pull("glm-5.1").body)
    assert "models-hub" not in closed.body.split("</details>")[-1]
    assert world.git.reopen_pull(1).state == "open"
    github.close_pull(1, by="alice")
    (pull,) = world.git.pulls(BRANCH)
    assert (pull.state, pull.closed_by) == ("closed", "upstream")


def test_a_refusal_names_no_token_and_a_missing_repository_says_what_to_do(github: FakeGitHub, tmp_path: Path) -> None:
    github.user("hub-bot", token=TOKEN)
    for token, expected in (("ghp_" + "z" * 36, TokenRefused), (TOKEN, UpstreamFailed)):
        calls = GitHubCalls(token=token, account="default", api_url=github.url, between_writes_s=0.0)
        upstream = GitHub("xorbitsai/nothing", calls)
        with pytest.raises(expected) as refused:
            upstream.head()
        assert token not in str(refused.value) + repr(refused.value.__context__)
        upstream.close()


def test_a_draft_is_asked_for_in_so_many_words(world: World, github: FakeGitHub) -> None:
    submit(world)
    pull = world.git.open_pull(NewPull(branch=BRANCH, title="t", body="b\n", draft=False))
    assert (pull.number, pull.title, pull.draft, github.pull(1).draft) == (1, "t", False, False)
    assert world.git.edit_pull(1, title="t", body="b\n", draft=True).draft is True
    assert github.pull(1).draft is True


def test_diff_is_one_that_git_applies(world: World, github: FakeGitHub) -> None:
    submit(world)
    head = world.pull("glm-5.1").head_sha
    main = world.git.head()
    assert world.git.diff(main, head).startswith("diff --git a/xinference/")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_INDEX_FILE": str(world.folder / "index")}

    def git(*arguments: str, stdin: str = "") -> str:
        command = ["git", f"--git-dir={world.repository}", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, input=stdin, env=environment)
        return done.stdout.strip()

    git("read-tree", main)
    git("apply", "--cached", stdin=world.git.diff(main, head))
    assert git("write-tree") == git("rev-parse", f"{head}^{{tree}}")
