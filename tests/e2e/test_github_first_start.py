"""A first start of a hub that goes to GitHub: the catalogue comes from its source, and GitHub is only looked at."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from gateway.embedded import EmbeddedHub
from gateway.first_start import run
from shared.contracts.common import Empty, system_caller
from tests.support.github import fake_github
from tests.support.hub import small_catalogue
from tests.support.running import settings_in

TOKEN = "ghp_" + "b" * 36


def test_a_first_start_imports_the_source_and_finds_nothing_new_on_github(tmp_path: Path) -> None:
    source = tmp_path / "tree"
    for path, text in small_catalogue().items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    with fake_github(tmp_path, small_catalogue()) as github:
        github.user("hub-bot", token=TOKEN)
        settings = settings_in(
            tmp_path,
            HUB_CATALOG_SOURCE=str(source),
            HUB_UPSTREAM=f"github:{github.main.full_name}",
            HUB_GITHUB_API_URL=github.url,
            HUB_GITHUB_TOKEN=TOKEN,
        )
        said = io.StringIO()
        run(settings, Console(file=said))
        assert github.calls == []
        assert not settings.own_upstream.exists()
        hub = EmbeddedHub(settings)
        caller = system_caller("test")
        hub.calls.pr_bot.look(Empty(), caller)
        hub.settle()
        state = hub.calls.pr_bot.upstream(Empty(), caller)
        assert (state.target, state.head, state.error) == (
            "github:xorbitsai/inference",
            github.main.git.branch("main"),
            "",
        )
        assert hub.calls.pr_bot.operations(Empty(), caller).log_head == 0
        assert state.remaining < state.limit
        hub.close()
    assert TOKEN not in said.getvalue()
