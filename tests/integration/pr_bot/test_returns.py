"""What people and machines do upstream comes back: by what is heard, and by a look where nothing was heard."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from services.pr_bot.upstream import CheckRun, Remark, Upstream
from tests.support.pr_bot_world import World
from tests.support.registry_fake import model
from tests.support.said_upstream import SaidUpstream

GLM = model("GLM-5", size=1, updated_at=200)
FILES = {"xinference/model/llm/models/other.json": model("other") + "\n"}


class Place:
    """A World whose upstream answers what the test says."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, FILES)
        self.world.restart(wrap=self._wrapped)
        self.world.registry.submitted("GLM-5", "llm", GLM)
        self.world.work("GLM-5")

    def _wrapped(self, behind: Upstream) -> Upstream:
        self.upstream = SaidUpstream(behind)
        return cast(Upstream, self.upstream)

    def hear(self) -> None:
        with self.world.database.write() as connection:
            self.world.records.rows.returned.hear(connection, "glm-5")

    def names(self) -> list[str]:
        return self.world.names("GLM-5")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def remark(**changes: str) -> Remark:
    fields = {"id": "comment-1", "author": "alice", "text": "Why?", "url": "https://forge.test/1", **changes}
    return Remark(at=100, kind="comment", **fields)


def test_what_was_said_is_asked_for_only_where_something_was_heard(place: Place) -> None:
    place.upstream.said[1] = [remark()]
    place.world.work("GLM-5")
    assert "remarks" not in place.upstream.calls
    place.hear()
    place.world.work("GLM-5")
    place.world.work("GLM-5")
    assert place.upstream.calls.count("remarks") == 1
    assert place.names() == ["Opened", "Remarked"]


def test_a_remark_is_recorded_once_and_again_where_it_was_edited(place: Place) -> None:
    for text in ("Why?", "Why?", "Why now?"):
        place.upstream.said[1] = [remark(text=text)]
        place.hear()
        place.world.work("GLM-5")
    assert place.names() == ["Opened", "Remarked", "Remarked"]
    assert place.world.state("GLM-5").remarks["comment-1"].text == "Why now?"


def test_a_look_finds_what_checks_say_of_an_open_request(place: Place) -> None:
    head = place.world.pull("GLM-5").head_sha
    place.upstream.checked[head] = [CheckRun(name="docs", state="pending", url="")]
    place.world.look()
    assert place.names() == ["Opened"]  # a draft: upstream's automation leaves it alone
    place.world.registry.change("GLM-5", is_published=True)
    place.world.work("GLM-5")
    head = place.world.pull("GLM-5").head_sha
    for state in ("pending", "pending", "success"):
        place.upstream.checked[head] = [CheckRun(name="docs", state=state, url="")]
        place.world.now += 600
        place.world.look()
    assert place.names() == ["Opened", "Ready", "Checked", "Checked"]
    assert place.world.state("GLM-5").state == "open"


def test_a_look_finds_the_first_release_of_what_was_merged(place: Place) -> None:
    place.world.registry.change("GLM-5", is_published=True)
    place.world.work("GLM-5")
    person = place.world.person()
    merged = person.merge(place.world.pull("GLM-5").branch)
    place.world.look()
    place.world.work()
    assert place.world.state("GLM-5").state == "merged"
    place.world.now += 3600
    place.world.look()
    assert place.world.state("GLM-5").unreleased
    person.tag("v9.1.0", merged)
    person.tag("v9.2.0", merged)
    place.world.watch.expect_release(True)
    place.world.look()
    place.world.now += 3600
    place.world.look()
    released = place.world.events("GLM-5")[-1]
    assert place.names()[-2:] == ["Merged", "ReleasedUpstream"]
    assert (released.release, released.number) == ("v9.1.0", 1)
    assert place.world.records.rows.returned.unreleased() == []


def test_what_a_person_reopens_upstream_goes_on(place: Place) -> None:
    branch = place.world.pull("GLM-5").branch
    place.world.person().delete(branch)
    place.world.look()
    place.world.work()
    assert place.world.state("GLM-5").is_held_closed
    head = place.world.state("GLM-5").last
    assert head is not None
    place.world.git.point(branch, head.head_sha, expected=None)
    place.world.git.reopen_pull(1)
    assert place.world.watch.look() == ["glm-5"]
    place.world.registry.submitted("GLM-5", "llm", model("GLM-5", size=2, updated_at=300))
    place.world.work()
    assert place.names() == ["Opened", "Closed", "Reopened"]
    assert place.world.state("GLM-5").revision == 2


def test_a_title_that_a_person_wrote_stays_and_the_rest_is_the_hubs(place: Place) -> None:
    pull = place.world.pull("GLM-5")
    place.world.git.edit_pull(pull.number, title="Better words", body="mine", draft=pull.draft)
    place.world.registry.submitted("GLM-5", "llm", model("GLM-5", size=2, updated_at=300), is_published=True)
    place.world.work("GLM-5")
    after = place.world.pull("GLM-5")
    assert (after.title, after.body == "mine", after.draft) == ("Better words", False, False)
    last = place.world.state("GLM-5").last
    assert last is not None
    assert last.title == "Better words"


def test_a_later_revision_gets_a_new_request_once_the_first_was_merged(place: Place) -> None:
    place.world.registry.change("GLM-5", is_published=True)
    place.world.work("GLM-5")
    person = place.world.person()
    later = model("GLM-5", size=2, updated_at=300)
    place.world.registry.submitted("GLM-5", "llm", later)
    person.squash(place.world.pull("GLM-5").branch)
    place.world.look()
    place.world.work("GLM-5")
    state = place.world.state("GLM-5")
    assert place.names() == ["Opened", "Ready", "Merged", "Opened"]
    assert (state.number, state.state) == (2, "draft")
    assert state.last is not None
    assert place.world.document("GLM-5", "llm", state.last.head_sha).strip() == later
