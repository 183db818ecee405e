"""The pull request of a model follows what registry wants, over real repositories in both layouts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.pr_bot.reconcile.commits import AUTHOR
from tests.support.git_people import Person
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

OLD = model("Old-Model", size=1, updated_at=100)
OTHER = model("Other", size=1, updated_at=100)
NEW = model("GLM-5.1", size=1, updated_at=200)


def aggregate_file(*documents: str) -> str:
    records = [record for document in documents for record in json.loads(document)]
    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


LAYOUTS = {
    "aggregate": {
        "xinference/model/llm/llm_family.json": aggregate_file(OLD, OTHER),
        "xinference/model/image/model_spec.json": aggregate_file(),
    },
    "per_model": {
        "xinference/model/llm/models/Old-Model.json": OLD + "\n",
        "xinference/model/llm/models/Other.json": OTHER + "\n",
        "xinference/model/image/models/.gitkeep": "",
    },
}


@pytest.fixture(params=sorted(LAYOUTS))
def files(request: pytest.FixtureRequest) -> dict[str, str]:
    return LAYOUTS[request.param]


@pytest.fixture(params=["local", "github"])
def world(request: pytest.FixtureRequest, tmp_path: Path, files: dict[str, str]) -> Iterator[World]:
    """The same steps over both adapters."""
    with opened_world(tmp_path, files, on=request.param) as made:
        yield made


def path_in(world: World, model_type: str, name: str) -> str:
    held = world.catalogue().find(name, model_type=model_type)
    assert held is not None
    return held.path


def submit_new(world: World) -> None:
    world.registry.submitted("GLM-5.1", "llm", NEW)
    world.work("glm-5.1")


def publish(world: World, name: str) -> None:
    world.registry.change(name, is_published=True)
    world.work(name)


def test_a_submission_opens_a_draft_on_the_conventional_branch(world: World) -> None:
    submit_new(world)
    pull = world.pull("glm-5.1")
    assert (pull.state, pull.draft, pull.branch) == ("open", True, "chore/models-sync/glm-5-1")
    assert pull.title == "FEAT: [model] GLM-5.1 support"
    assert world.state("glm-5.1").state == "draft"
    assert world.names("glm-5.1") == ["Opened"]


def test_the_branch_is_one_commit_on_main_that_adds_the_model_and_nothing_else(world: World) -> None:
    submit_new(world)
    commit = world.git.commit(world.pull("glm-5.1").head_sha)
    assert commit.parents == (world.git.head(),)
    assert commit.author.startswith(AUTHOR)
    assert "Hub-Revision: glm-5.1/1" in commit.message
    assert "Co-authored-by: Ada <u1@users.noreply" in commit.message
    assert commit.message.splitlines()[0] == "[models-hub] Update llm:GLM-5.1"
    assert len(world.git.changed(commit.parents[0], commit.sha)) == 1
    assert world.record("GLM-5.1", "llm", commit.sha) == json.loads(NEW)[0]
    assert world.document("other", "llm", commit.sha) == world.document("other", "llm", world.git.head())


def test_publication_makes_it_ready_and_a_newer_revision_a_draft_again(world: World) -> None:
    submit_new(world)
    publish(world, "glm-5.1")
    assert (world.pull("glm-5.1").draft, world.state("glm-5.1").state) == (False, "open")
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=2, updated_at=300))
    world.work("glm-5.1")
    assert (world.pull("glm-5.1").draft, world.state("glm-5.1").state) == (True, "draft")
    assert world.names("glm-5.1") == ["Opened", "Ready", "Updated"]
    assert world.record("GLM-5.1", "llm", world.pull("glm-5.1").head_sha)["size"] == 2


def test_looking_again_records_nothing_new(world: World) -> None:
    submit_new(world)
    head = world.pull("glm-5.1").head_sha
    world.work("glm-5.1")
    world.work("glm-5.1")
    assert world.names("glm-5.1") == ["Opened"]
    assert world.pull("glm-5.1").head_sha == head


def test_an_update_changes_the_model_in_place(world: World) -> None:
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=2, updated_at=200))
    world.work("old-model")
    pull = world.pull("old-model")
    assert pull.title == 'ENH: update model "Old-Model" JSON'
    diff = world.git.diff(world.git.head(), pull.head_sha)
    assert [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        '-    "size": 1,',
        '-    "updated_at": 100',
        '+    "size": 2,',
        '+    "updated_at": 200',
    ] or diff.count("\n-") - 1 == 2


def test_withdrawal_closes_it_and_says_why(world: World) -> None:
    submit_new(world)
    world.registry.change("glm-5.1", wanted="nothing", reason="withdrawn by its submitter")
    world.work("glm-5.1")
    pull = world.pull("glm-5.1")
    assert (pull.state, pull.closed_by) == ("closed", "hub")
    assert world.git.branch_head(pull.branch) is None
    state = world.state("glm-5.1")
    assert (state.state, state.reason) == ("closed", "withdrawn by its submitter")
    assert len(world.git.comments(pull.number)) == 1


def test_a_submission_after_a_withdrawal_gets_a_new_request(world: World) -> None:
    submit_new(world)
    world.registry.change("glm-5.1", wanted="nothing", reason="withdrawn")
    world.work("glm-5.1")
    world.registry.submitted("GLM-5.1", "llm", NEW)
    world.work("glm-5.1")
    assert world.names("glm-5.1") == ["Opened", "Closed", "Opened"]
    assert [pull.state for pull in world.git.pulls("chore/models-sync/glm-5-1")] == ["closed", "open"]


def test_content_that_main_holds_needs_no_request(world: World) -> None:
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=1, updated_at=900))
    world.work("old-model")
    state = world.state("old-model")
    assert (state.state, state.last) == ("noop", None)
    assert state.reason
    assert not world.git.pulls("chore/models-sync/old-model")


def test_an_imported_model_that_nobody_touched_says_nothing(world: World) -> None:
    world.work("old-model")
    assert world.events("old-model") == []


def test_main_moving_rebuilds_the_request_on_the_new_main(world: World) -> None:
    submit_new(world)
    world.person().commit({"README.md": "moved\n"}, "unrelated")
    world.look()
    world.work()
    commit = world.git.commit(world.pull("glm-5.1").head_sha)
    assert commit.parents == (world.git.head(),)
    assert world.names("glm-5.1") == ["Opened", "Updated"]


def test_two_requests_in_one_file_are_rebuilt_when_one_is_merged(world: World) -> None:
    submit_new(world)
    world.registry.submitted("Zeta", "llm", model("Zeta", size=9, updated_at=1))
    world.work("zeta")
    publish(world, "glm-5.1")
    world.squash("chore/models-sync/glm-5-1")
    world.look()
    world.work()
    assert world.state("glm-5.1").state == "merged"
    head = world.pull("zeta").head_sha
    assert world.git.commit(head).parents == (world.git.head(),)
    assert world.record("glm-5.1", "llm", head) == json.loads(NEW)[0]
    assert world.record("zeta", "llm", head)["size"] == 9


def test_a_merge_is_recorded_once_and_told_to_registry(world: World) -> None:
    submit_new(world)
    publish(world, "glm-5.1")
    world.merge("chore/models-sync/glm-5-1")
    world.look()
    world.work()
    world.look()
    world.work("glm-5.1")
    assert world.names("glm-5.1") == ["Opened", "Ready", "Merged"]
    assert len(world.told_of("glm-5.1")) == 1
    assert world.git.branch_head("chore/models-sync/glm-5-1") is None


def test_the_next_revision_after_a_merge_opens_a_new_request(world: World) -> None:
    submit_new(world)
    publish(world, "glm-5.1")
    world.merge("chore/models-sync/glm-5-1")
    world.look()
    world.work()
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=5, updated_at=300))
    world.work("glm-5.1")
    assert world.state("glm-5.1").state == "draft"
    assert world.state("glm-5.1").number == 2


def test_a_persons_commit_on_the_branch_stops_the_bot(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    theirs = world.person().commit({"note.txt": "mine\n"}, "a change of mine", branch=branch)
    world.look()
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=3, updated_at=300))
    world.work("glm-5.1")
    state = world.state("glm-5.1")
    assert (state.state, world.git.branch_head(branch)) == ("paused", theirs)
    assert "Alice" in state.reason


def test_an_amended_commit_is_a_persons(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    theirs = world.person().amend(branch, "mine now\n\nHub-Revision: glm-5.1/1")
    world.work("glm-5.1")
    assert (world.state("glm-5.1").state, world.git.branch_head(branch)) == ("paused", theirs)


def test_a_rebuild_that_a_person_asks_for_takes_the_branch_back(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    world.person().commit({"note.txt": "mine\n"}, "a change of mine", branch=branch)
    world.work("glm-5.1")
    world.work("glm-5.1", ask="rebuild")
    assert world.state("glm-5.1").state == "draft"
    assert world.git.commit(world.pull("glm-5.1").head_sha).parents == (world.git.head(),)


def test_a_generated_docs_commit_of_upstreams_ci_is_no_person(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    robot = Person(world.repository, world.folder / "ci", name="github-actions[bot]")
    robot.commit({"doc/x.rst": "generated\n"}, "docs", branch=branch)
    world.work("glm-5.1")
    assert world.state("glm-5.1").state == "draft"
    assert world.git.commit(world.pull("glm-5.1").head_sha).parents == (world.git.head(),)


def test_closed_upstream_stays_closed_until_a_person_reopens_it(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    world.person().delete(branch)
    world.look()
    world.work()
    assert world.state("glm-5.1").is_held_closed
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=3, updated_at=300))
    world.work("glm-5.1")
    assert (world.state("glm-5.1").state, world.git.branch_head(branch)) == ("closed", None)
    world.work("glm-5.1", ask="reopen")
    assert (world.state("glm-5.1").state, world.pull("glm-5.1").state) == ("draft", "open")
    assert world.names("glm-5.1") == ["Opened", "Closed", "Reopened"]
    assert world.record("glm-5.1", "llm", world.pull("glm-5.1").head_sha)["size"] == 3


def test_archiving_opens_a_removal(world: World) -> None:
    world.registry.change("old-model", wanted="removed", submitter="u1", revision=2)
    world.work("old-model")
    pull = world.pull("old-model")
    assert (pull.title, pull.draft) == ("FEAT: [model] Old-Model removed", False)
    assert world.document("old-model", "llm", pull.head_sha) == ""
    assert world.record("other", "llm", pull.head_sha) == json.loads(OTHER)[0]
    world.merge(pull.branch)
    world.look()
    world.work()
    assert world.state("old-model").state == "merged"


def test_names_that_would_share_a_branch_get_two(world: World) -> None:
    submit_new(world)
    world.registry.submitted("GLM-5-1", "llm", model("GLM-5-1", size=7))
    world.work("glm-5-1")
    branches = {world.pull("glm-5.1").branch, world.pull("glm-5-1").branch}
    assert len(branches) == 2
    assert all(branch.startswith("chore/models-sync/glm-5-1") for branch in branches)


def test_somebodys_edit_on_main_is_never_undone(world: World) -> None:
    """Registry does not know of it yet: no request until it does."""
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=2, updated_at=200))
    person = world.person()
    path = path_in(world, "llm", "Old-Model")
    person.commit({path: person.read(path).replace('"size": 1', '"size": 77', 1)}, "an edit upstream")
    world.work("old-model")
    assert not world.git.pulls("chore/models-sync/old-model")
    world.react()
    assert '"size": 77' in world.registry.wanted["old-model"].upstream_document
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=77, extra=1, updated_at=300))
    world.work("old-model")
    assert world.state("old-model").state == "draft"


def test_a_conflict_waits_for_its_owner(world: World) -> None:
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=2, updated_at=200), merge_conflict=True)
    world.work("old-model")
    assert world.state("old-model").state == "conflicted"
    world.registry.change("old-model", merge_conflict=False)
    world.work("old-model")
    assert world.state("old-model").state == "draft"


def test_what_upstream_changes_is_told_model_by_model(world: World) -> None:
    person = world.person()
    path = path_in(world, "llm", "Other")
    person.commit({path: person.read(path).replace("Other", "Another")}, "renamed")
    world.look()
    world.look()
    assert [recorded.event.document for recorded in world.told_of("other")] == [""]
    assert [recorded.event.model_name for recorded in world.told_of("another")] == ["Another"]
    assert world.told_of("old-model") == []


def test_a_first_look_tells_only_what_registry_does_not_know(world: World) -> None:
    assert world.store.head()[0] == 0


def test_hostile_words_stay_words(world: World) -> None:
    hostile = "@everyone Fixes #1 <script>alert(1)</script> | ``` https://x.test GH-2"
    world.identity.names["u1"] = "Eve\nCo-authored-by: Root <root@x.test> @all"
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", note=hostile), message=hostile)
    world.work("glm-5.1")
    pull = world.pull("glm-5.1")
    for word in ("@everyone", "#1", "GH-2", "https://x.test", "@all"):
        assert word not in pull.body
    message = world.git.commit(pull.head_sha).message
    assert message.count("Co-authored-by") == 1 + message.count("Eve Co-authored-by")
    assert "root@x.test" not in message


def test_a_failure_is_recorded_and_tried_again_later(tmp_path: Path, files: dict[str, str]) -> None:
    world = World(tmp_path, files)
    (world.repository / "hub-pulls").write_text("in the way")
    world.registry.submitted("GLM-5.1", "llm", NEW)
    world.work("glm-5.1")
    failed = world.events("glm-5.1")[-1]
    assert (type(failed).__name__, failed.attempts, world.state("glm-5.1").state) == ("PullRequestFailed", 1, "failed")
    assert failed.next_try_at > world.now - 1
    (world.repository / "hub-pulls").unlink()
    world.work()
    assert world.state("glm-5.1").state == "failed"
    world.now = failed.next_try_at
    world.work()
    assert world.names("glm-5.1") == ["Failed", "Opened"]


class Interrupted(str):
    """A commit's name; whoever compares it is interrupted right afterwards."""

    __slots__ = ("meanwhile",)
    meanwhile: Callable[[], object]

    def __ne__(self, other: object) -> bool:
        differs = str.__ne__(self, other)
        self.meanwhile()
        return differs

    __hash__ = str.__hash__


def test_readers_of_two_commits_at_once_get_each_their_own_files(world: World) -> None:
    main = world.git.head()
    submit_new(world)
    branch = world.pull("glm-5.1").head_sha
    theirs = world.git.files(branch)
    mine = world.git.files(main)
    assert mine != theirs
    asked = Interrupted(main)
    asked.meanwhile = lambda: world.git.files(branch)
    assert world.git.files(asked) == mine
