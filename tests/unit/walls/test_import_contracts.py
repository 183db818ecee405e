"""Each wall of `[tool.importlinter]` stands: one import in the wrong place breaks that contract and no other."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.unit.walls.tree_copy import ROOT, add_missing, append, copy_tree, python

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}
SERVICES = ("catalog", "identity", "pr_bot", "registry", "review")
# contract, the module that gets the line, the line
PLANTED = [
    ("services-apart", "services.review.projection", "import services.registry.domain"),
    ("services-apart", "services.catalog.projection", "import services.pr_bot.upstream"),
    ("no-gateway-below", "shared.planted", "import gateway"),
    ("no-gateway-below", "services.review.projection", "import gateway"),
    ("shared-knows-no-service", "shared.planted", "import services.registry"),
    ("pure-domain", "services.registry.domain", "import requests"),
    ("pure-domain", "shared.events", "import sqlalchemy"),
    ("pure-domain", "shared.errors", "import marshmallow"),
    ("embedded-without-nameko", "services.registry.projection", "import nameko"),
    ("embedded-without-nameko", "shared.event_store", "import eventlet"),
    ("gateway-without-embedded", "gateway.routes", "import gateway.embedded"),
    ("gateway-knows-no-service", "gateway.planted", "import services.registry.bootstrap"),
    ("gateway-knows-no-service", "gateway.embedded", "import services.registry.application"),
    ("inward", "services.registry.projection", "import services.registry.application"),
    ("inward", "services.registry.utilities", "import json"),
]


def named_modules() -> set[str]:
    """Every module a contract names, in each service where it says any."""
    named = {"services.registry." + room for room in re.findall(r"\w+", " ".join(CONTRACTS["inward"]["layers"]))}
    for contract in CONTRACTS.values():
        for module in contract.get("source_modules", []) + contract.get("forbidden_modules", []):
            if module.startswith(("services.", "shared.", "gateway.")):
                named |= {module.replace("*", service) for service in SERVICES}
    return named


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_tree(tmp_path_factory.mktemp("walls") / "clean")
    for module in sorted(named_modules()):
        add_missing(root, module)
    return root


def broken(root: Path) -> set[str]:
    run = python(
        root, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache", "--no-logo"
    )
    names = {contract["name"]: identifier for identifier, contract in CONTRACTS.items()}
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", run.stdout, re.MULTILINE))
    assert set(verdicts) == set(names), run.stdout + run.stderr
    return {names[name] for name, verdict in verdicts.items() if verdict == "BROKEN"}


@pytest.fixture(scope="module")
def broken_before(clean: Path) -> set[str]:
    return broken(clean)


def test_the_tree_keeps_every_contract(broken_before: set[str]) -> None:
    assert broken_before == set()


@pytest.mark.parametrize(("contract", "module", "line"), PLANTED)
def test_one_wrong_import_breaks_that_contract_alone(
    clean: Path, tmp_path: Path, broken_before: set[str], contract: str, module: str, line: str
) -> None:
    root = Path(shutil.copytree(clean, tmp_path / "broken"))
    append(root, module, line)
    assert broken(root) - broken_before == {contract}


def test_every_contract_is_seen_to_break() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)
