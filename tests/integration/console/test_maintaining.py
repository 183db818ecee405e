"""`lint`, `submit` and `pull`, over HTTP from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.console.conftest import Console
from tests.support.hub_process import HubProcess, generated_source
from tests.support.kill_rounds import Submission


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder = tmp_path_factory.mktemp("served")
    hub = HubProcess(folder, HUB_CATALOG_SOURCE=str(generated_source(folder / "source", 6)))
    try:
        yield hub.start()
    finally:
        hub.end()


@pytest.fixture(scope="module")
def token(served: HubProcess) -> str:
    return served.token("maintainer", "write")


def written(folder: Path, name: str, **changes: object) -> Path:
    record = json.loads(Submission(name=name, key="").body()["document"])
    file = folder / f"{name}.json"
    file.write_text(json.dumps(record | changes, indent=2))
    return file


def test_lint_says_where_and_what_like_a_compiler(served: HubProcess, console: Console, tmp_path: Path) -> None:
    file = written(tmp_path, "linted", context_length="many", is_builtin=True)
    said = console("lint", str(file), "--type", "llm", HUB_URL=served.url)
    errors = [line for line in said.stdout.splitlines() if ": error: " in line]
    assert said.exit_code == 1
    assert [line.split(": ")[0] for line in errors] == [f"{file}:3:21", f"{file}:26:17"]
    assert "is_builtin" in errors[1]


def test_lint_shows_warnings_and_accepts(served: HubProcess, console: Console, tmp_path: Path) -> None:
    said = console("lint", str(written(tmp_path, "linted")), "--type", "llm", HUB_URL=served.url)
    assert said.exit_code == 0
    assert all(": warning: " in line for line in said.stdout.splitlines())


def test_lint_of_what_is_no_text_says_on_which_line(served: HubProcess, console: Console, tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{\n"a": "\xe9"}')
    said = console("lint", "latin.json", "--type", "llm", HUB_URL=served.url)
    assert (said.exit_code, said.stderr) == (1, "models-hub: latin.json:2:1: expected UTF-8, found the byte 0xe9\n")


def test_submit_registers_then_revises_and_says_where_to_look(
    served: HubProcess, token: str, console: Console, tmp_path: Path
) -> None:
    settings = {"HUB_URL": served.url, "HUB_API_TOKEN": token}
    page = f"{served.url}/models/detail/told"
    (tmp_path / "README.md").write_text("# Told\n")
    file = written(tmp_path, "told")
    first = console("submit", str(file), "--type", "llm", "--public", "--readme", "README.md", **settings)
    assert (first.exit_code, first.stdout) == (0, f"told: revision 1, submitted\n{page}\n"), first.stderr
    again = console("submit", str(file), "--type", "llm", **settings)
    assert again.stdout == f"told: revision 1, unchanged\n{page}\n"
    second = console("submit", str(written(tmp_path, "told", context_length=8192)), "--type", "llm", **settings)
    assert second.stdout == f"told: revision 2, submitted\n{page}\n"
    revision = served.get("/models/told/revisions/2", token)
    assert (revision["readme"], revision["row"]["visibility"]) == ("# Told\n", "public")
    assert token not in "".join(said.output for said in (first, again, second))


def test_a_refused_submission_lists_its_errors(
    served: HubProcess, token: str, console: Console, tmp_path: Path
) -> None:
    file = written(tmp_path, "refused", context_length="many", is_builtin=True)
    said = console("submit", str(file), "--type", "llm", HUB_URL=served.url, HUB_API_TOKEN=token)
    lines = said.stderr.splitlines()
    assert (said.exit_code, lines[0].startswith("models-hub: ")) == (1, True)
    assert [line.split(": ")[0] for line in lines[1:]] == [
        "  /document/is_builtin:26:17",
        "  /document/context_length:3:21",
    ]


def test_an_unknown_token_is_named_by_its_setting(served: HubProcess, console: Console, tmp_path: Path) -> None:
    file = written(tmp_path, "told")
    said = console("submit", str(file), "--type", "llm", HUB_URL=served.url, HUB_API_TOKEN="hub_wrong")
    assert (said.exit_code, "(HUB_API_TOKEN)" in said.stderr, "hub_wrong" in said.output) == (1, True, False)


def test_pull_writes_the_file_that_clients_read(served: HubProcess, console: Console, tmp_path: Path) -> None:
    said = console("pull", "--type", "llm", "--dir", "model", HUB_URL=served.url)
    file = tmp_path / "model" / "v2" / "builtin" / "llm" / "llm_models.json"
    records = json.loads(file.read_text())
    assert (said.exit_code, len(records)) == (0, served.get("/models", type="llm")["total"])
    assert (
        said.stdout == f"model/v2/builtin/llm/llm_models.json: {len(records)} records of type llm from {served.url}\n"
    )
    assert file.read_text() == json.dumps(records, indent=2, ensure_ascii=False)


def test_pull_writes_the_file_alone_where_asked(served: HubProcess, console: Console, tmp_path: Path) -> None:
    assert console("pull", "--type", "llm", HUB_URL=served.url).exit_code == 0
    assert console("pull", "--type", "llm", "--dir", "flat", "--plain", HUB_URL=served.url).exit_code == 0
    assert (tmp_path / "llm_models.json").read_text() == (tmp_path / "flat" / "llm_models.json").read_text()
