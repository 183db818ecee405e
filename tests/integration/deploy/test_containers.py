"""What an operator's reviewer looks for in the image and in compose.yaml; that both run was tried with an engine."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from scripts.split.accounts import GATEWAY, NAMES, SERVICES
from scripts.split.compose import main as make_secrets
from tests.support.real_data import PROJECT

DEPLOY = PROJECT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
CONTAINERS: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: each for name, each in CONTAINERS.items() if each["image"].startswith("models-hub/")}
RUNNING = (*SERVICES, GATEWAY)


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(" ", 1)[1].strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def test_image_is_built_from_locked_packages_on_a_base_that_may_be_chosen() -> None:
    assert "# syntax=" not in DOCKERFILE
    assert set(instructions("FROM")) == {"${BASE_IMAGE} AS build", "${BASE_IMAGE}"}
    installs = [run for run in instructions("RUN") if re.search(r"pip .*\binstall\b", run)]
    assert all("--require-hashes" in run or "--no-deps" in run for run in installs)
    assert len(installs) == 2


def test_process_is_no_root_and_gets_its_signals_itself() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("ENTRYPOINT") == ['["/usr/local/bin/start"]']
    assert "exec python -m %s" in DOCKERFILE


def test_image_takes_in_nothing_but_what_it_needs() -> None:
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert allowed[0] == "*"
    copied = {part for line in instructions("COPY") if "--from" not in line for part in line.split()[:-1]}
    assert copied == {line.removeprefix("!") for line in allowed if line.startswith("!")}


@pytest.mark.parametrize("name", OURS)
def test_container_can_change_nothing_but_its_data(name: str) -> None:
    container = OURS[name]
    assert (container["user"], container["read_only"], container["cap_drop"]) == ("10001:10001", True, ["ALL"])
    assert container["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", RUNNING)
def test_service_is_itself_and_has_its_own_accounts_alone(name: str) -> None:
    container = CONTAINERS[name]
    assert container["build"]["args"]["SERVICE"] == name
    assert container["image"] == f"models-hub/{name}"
    secrets = set(re.findall(r"\$\{(\w+_PASSWORD)", json.dumps(container["environment"])))
    assert secrets == {f"{name.upper()}_PASSWORD"}
    assert ("HUB_SEAL_KEY" in container["environment"]) == (name == "pr_bot")
    assert container["healthcheck"]["test"][0] == "CMD"
    assert "/readyz" in container["healthcheck"]["test"][-1]
    assert container["depends_on"]["first-start"] == {"condition": "service_completed_successfully"}


def test_databases_are_migrated_before_the_first_start() -> None:
    jobs = {f"migrate-{service.replace('_', '-')}": service for service in SERVICES}
    assert set(CONTAINERS["first-start"]["depends_on"]) == set(jobs)
    for job, service in jobs.items():
        assert CONTAINERS[job]["command"] == ["migrate"]
        assert CONTAINERS[job]["environment"]["DATABASE_URL"] == CONTAINERS[service]["environment"]["DATABASE_URL"]


def test_only_the_gateway_is_reached_from_outside() -> None:
    assert [name for name, container in CONTAINERS.items() if "ports" in container] == [GATEWAY]
    assert CONTAINERS[GATEWAY]["ports"] == ["127.0.0.1:${HUB_PORT:-8000}:8000"]


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder) == 0
    made = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert make_secrets(folder) == 0
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == made
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "hub.env").stat().st_mode) == 0o600
    said = dict(line.split("=", 1) for line in made["hub.env"].splitlines())
    # What has no default in compose.yaml comes from there.
    assert set(re.findall(r"\$\{(\w+)(?::\?[^}]*)?\}", COMPOSE)) - {"BASE_IMAGE"} <= set(said)
    users = {user["name"] for user in json.loads(made["definitions.json"])["users"]}
    assert users == set(NAMES)
    assert not any(said[f"{name.upper()}_PASSWORD"] in made["definitions.json"] for name in NAMES)
    for service in SERVICES:
        assert f"CREATE ROLE {service} LOGIN PASSWORD '{said[f'{service.upper()}_PASSWORD']}'" in made["databases.sql"]
        assert (
            f"CREATE DATABASE {service} OWNER {service} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            in (made["databases.sql"])
        )


def test_secrets_stay_out_of_the_repository() -> None:
    assert "/deploy/secrets/" in (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
