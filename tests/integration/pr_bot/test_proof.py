"""The command that a body names prints, run by a shell in a clone, what the body says that it prints."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.integration.pr_bot.test_reconcile import LAYOUTS, NEW, submit_new
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

WORLDS = [("local", "per_model"), ("github", "aggregate")]


@pytest.fixture(params=WORLDS, ids="-".join)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    adapter, layout = request.param
    with opened_world(tmp_path, LAYOUTS[layout], on=adapter) as made:
        yield made


def fenced(body: str, language: str) -> list[str]:
    """The blocks of the rendered body, as a person copies them."""
    return [token.content for token in MarkdownIt("commonmark").parse(body) if token.info == language]


def run(clone: Path, command: str, *, addresses: dict[str, str] | None = None) -> str:
    """`addresses` stand for others that cannot be reached here."""
    instead = {f"GIT_CONFIG_KEY_{n}": f"url.{to}.insteadOf" for n, to in enumerate((addresses or {}).values())}
    instead |= {f"GIT_CONFIG_VALUE_{n}": address for n, address in enumerate(addresses or {})}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **instead, "GIT_CONFIG_COUNT": str(len(addresses or {}))},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def clone_of(repository: Path, folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(repository), str(folder)], check=True, timeout=60)
    return folder


def addresses_of(world: World) -> dict[str, str]:
    return {world.git.fetch_from: str(world.repository)} if world.github else {}


def proven(world: World, name: str, folder: Path) -> str:
    """What the command prints in a fresh clone, after it was compared with the body."""
    body = world.pull(name).body
    (command,) = fenced(body, "sh")
    printed = run(clone_of(world.repository, folder), command, addresses=addresses_of(world))
    assert printed == fenced(body, "text")[-1]
    return printed


def test_an_addition_is_proven(world: World, tmp_path: Path) -> None:
    submit_new(world)
    printed = proven(world, "glm-5.1", tmp_path / "clone")
    assert f"base {world.git.head()}\n" in printed
    assert printed.count("\nchanged ") == 1


def test_an_update_and_its_rebuild_are_proven(world: World, tmp_path: Path) -> None:
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=2, note='it\'s "$(x)"', updated_at=200))
    world.work("old-model")
    first = proven(world, "old-model", tmp_path / "first")
    submit_new(world)
    world.merge(world.pull("glm-5.1").branch)
    world.look()
    world.work()
    assert proven(world, "old-model", tmp_path / "second") != first


def test_a_removal_is_proven(world: World, tmp_path: Path) -> None:
    world.registry.change("old-model", wanted="removed", submitter="u1", revision=2)
    world.work("old-model")
    assert "after file" in proven(world, "old-model", tmp_path / "clone")


def test_it_is_proven_in_a_clone_of_a_fork_by_address(world: World, tmp_path: Path) -> None:
    submit_new(world)
    body = world.pull("glm-5.1").body
    fork = clone_of(world.repository, tmp_path / "fork")
    (command,) = fenced(body, "sh")
    by_address = command.replace(f"-- {world.git.fetch_from} ", f"-- {world.repository} ", 1)
    assert run(clone_of(fork, tmp_path / "clone"), by_address) == fenced(body, "text")[-1]


def test_a_commit_that_touches_more_prints_something_else(world: World, tmp_path: Path) -> None:
    submit_new(world)
    body = world.pull("glm-5.1").body
    (command,) = fenced(body, "sh")
    person = world.person()
    branch = world.pull("glm-5.1").branch
    path = next(path for path in world.catalogue().paths if "Other" in world.catalogue().texts[path])
    text = person.read(path, branch=branch).replace('"Other"', '"Other" ')
    forged = person.commit({path: text}, "more", branch=branch)
    head = world.state("glm-5.1").last
    assert head is not None
    printed = run(
        clone_of(world.repository, tmp_path / "clone"),
        command.replace(head.head_sha, forged),
        addresses=addresses_of(world),
    )
    assert printed != fenced(body, "text")[-1]


def test_a_revision_that_is_the_same_has_the_same_body(world: World) -> None:
    submit_new(world)
    body = world.pull("glm-5.1").body
    world.now += 10_000
    world.restart()
    world.work("glm-5.1")
    assert (world.pull("glm-5.1").body, json.loads(NEW)[0]["model_name"]) == (body, "GLM-5.1")
