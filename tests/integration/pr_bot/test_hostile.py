"""Hostile names and words end as words: in no shell, no reference, no trailer, no file beside the model's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from services.pr_bot.reconcile.commits import NO_REPLY
from tests.integration.pr_bot.test_proof import proven
from tests.integration.pr_bot.test_reconcile import LAYOUTS, NEW, aggregate_file
from tests.support.pr_bot_world import World
from tests.support.registry_fake import model
from tests.unit.pr_bot.test_inert import HOSTILE, assert_inert

_FILE = "xinference/model/llm/llm_family.json"
NAMES = [word for word in HOSTILE if word.isascii() and "\x00" not in word] + [
    "refs/../../heads/main",
    "x.lock",
    "名字",
]


def trailers(message: str) -> list[str]:
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_hostile_people_forge_no_trailer(tmp_path: Path, layout: str) -> None:
    world = World(tmp_path, LAYOUTS[layout])
    for number, hostile in enumerate(HOSTILE):
        world.identity.names["u1"] = f"Eve\n\nCo-authored-by: Root <root@x.test>\nHub-Revision: a/9\n{hostile}"
        words = hostile.encode("utf-8", "replace").decode()
        text = model("GLM-5.1", note=words.replace("\0", ""), number=number, updated_at=number)
        world.registry.submitted("GLM-5.1", "llm", text, message=words, warnings=[words], rejected=words)
        if number % 2:
            world.registry.rejected("GLM-5.1", words)
        world.work("glm-5.1")
        pull = world.pull("glm-5.1")
        found = trailers(world.git.commit(pull.head_sha).message)
        assert found[0] == f"Hub-Revision: glm-5.1/{number + 1}"
        assert len(found) == 2
        assert found[1].startswith("Co-authored-by: Eve Co-authored-by: Root")
        assert found[1].endswith(f" <u1@{NO_REPLY}>")
        page = f"http://hub.test/models/detail/GLM-5.1/revisions/{number + 1}"
        assert_inert(pull.body, links=[page])
    for comment in world.git.comments(world.pull("glm-5.1").number):
        assert_inert(comment.partition("-->\n")[2], links=[])


def test_hostile_names_that_upstream_holds_end_as_names(tmp_path: Path) -> None:
    files = {**LAYOUTS["aggregate"]}
    files["xinference/model/llm/llm_family.json"] = aggregate_file(*(model(name, size=1) for name in NAMES))
    world = World(tmp_path, files)
    before = world.git.head()
    for number, name in enumerate(NAMES):
        world.registry.change(name, wanted="removed", submitter="u1", revision=2, reason="the model is archived")
        world.work(name)
        pull = world.pull(name)
        assert pull.branch.removeprefix("chore/models-sync/").translate({ord(c): "" for c in "_-"}).isalnum()
        assert pull.title.startswith("FEAT: [model] ")
        assert "\n" not in pull.title
        assert world.git.changed(before, pull.head_sha) == ["xinference/model/llm/llm_family.json"]
        assert len(trailers(world.git.commit(pull.head_sha).message)) == 1
        kept = {record["model_name"] for record in json.loads(world.git.text(pull.head_sha, _FILE) or "")}
        assert kept == set(NAMES) - {name}
        if number % 5 == 0:
            proven(world, name, tmp_path / f"clone-{number}")
    asked = ["git", "-C", str(world.repository), "for-each-ref", "--format=%(refname)"]
    refs = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert {ref.split("/")[1] for ref in refs} == {"heads", "pull"}
    assert world.git.head() == before
    assert not list(tmp_path.rglob("pwned"))


def test_a_hostile_file_name_upstream_is_only_named_in_the_proof(tmp_path: Path) -> None:
    files = {f"xinference/model/llm/models/{name}.json": text for name, text in {"a`$(touch pwned) @all": NEW}.items()}
    world = World(tmp_path, {**files, "xinference/model/image/models/.gitkeep": ""})
    world.registry.change("glm-5.1", wanted="removed", submitter="u1", revision=2)
    world.work("glm-5.1")
    pull = world.pull("glm-5.1")
    assert_inert(pull.body, links=["http://hub.test/models/detail/GLM-5.1"])
    assert "a%60%24%28touch%20pwned%29%20%40all.json" in proven(world, "glm-5.1", tmp_path / "clone")
    assert not list(tmp_path.rglob("pwned"))
