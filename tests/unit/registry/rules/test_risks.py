from __future__ import annotations

from typing import Any

import pytest

from services.registry.rules import risks, validate
from tests.support.smallest_records import record, release_table, text_of


def told(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in risks([value])]


def test_pinned_record_without_extras_has_no_risk() -> None:
    assert told(record("llm")) == []


def test_trust_remote_code_is_found_in_an_engines_settings() -> None:
    [(path, message)] = told(record("image", default_model_config={"vae": {"trust_remote_code": True}}))
    assert path == "/default_model_config/vae/trust_remote_code"
    assert "runs code" in message


@pytest.mark.parametrize(
    "package",
    [
        "https://example.org/a.whl",
        "a @ git+https://example.org/a.git",
        "a@https://example.org/a.whl ; x",
        "git+ssh://x/y",
        "-i http://evil",
        "--no-binary=vllm",
        "a @ file:///tmp/a.whl",
    ],
)
def test_packages_from_outside_the_index_are_named(package: str) -> None:
    [(path, message)] = told(record("llm", virtualenv={"packages": ["vllm", package]}))
    assert path == "/virtualenv/packages/1"
    assert package[:40] in message


@pytest.mark.parametrize("name", ["index_url", "extra_index_url", "find_links", "trusted_host"])
@pytest.mark.parametrize("value", ["https://example.org", ["https://example.org"]])
def test_other_places_to_install_from_are_named(name: str, value: object) -> None:
    [(path, message)] = told(record("llm", virtualenv={"packages": [], name: value}))
    assert path == f"/virtualenv/{name}"
    assert "https://example.org" in message


@pytest.mark.parametrize("revision", [None, "main", "master"])
def test_floating_revisions_are_counted(revision: str | None) -> None:
    value = record("image")
    value["model_src"]["modelscope"] = {"model_id": "a/b", "model_revision": revision}
    [(path, message)] = told(value)
    assert path == ""
    assert message.startswith("1 of 2 sources")


def test_world_code_is_named_and_must_be_pinned_to_be_quiet() -> None:
    assert [path for path, _ in told(record("world"))] == ["/source_url"]
    assert [path for path, _ in told(record("world", source_revision="main"))] == ["/source_url", "/source_revision"]


def test_template_that_reaches_into_python_is_named() -> None:
    [(path, _)] = told(record("llm", chat_template="{{ ''.__class__.__mro__ }}"))
    assert path == "/chat_template"


def test_risks_are_warnings_with_their_kind_and_refuse_nothing() -> None:
    report = validate("llm", text_of(record("llm", virtualenv={"packages": ["-e ."]})), table=release_table())
    assert report.ok
    assert [(each.kind, each.line) for each in report.warnings] == [("risk", 27)]
