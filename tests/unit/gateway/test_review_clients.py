from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.review_clients import Clients, clients_of
from shared.client_release_table import packaged_table
from shared.contracts.catalog import Change
from tests.support.models import llm


@pytest.fixture(scope="module")
def clients() -> Clients:
    return clients_of(packaged_table(), "llm", "1.13.0")


def added(path: str, value: Any, op: str = "add") -> Change:
    return Change(path=path, op=op, after=json.dumps(value), label="")


def records(**members: Any) -> list[Any]:
    return [json.loads(llm("m", **members))]


def spec(model_format: str) -> dict[str, Any]:
    source = {"huggingface": {"model_id": "a/b", "quantizations": ["none"]}}
    return {"model_format": model_format, "model_size_in_billions": 7, "model_src": source}


def test_form_that_every_release_knows_says_nothing(clients: Clients) -> None:
    assert clients.strangers_to(added("/model_specs/0", spec("pytorch"))) == ""


def test_form_is_strange_to_the_releases_before_it_was_known(clients: Clients) -> None:
    found = clients.strangers_to(added("/0/model_specs/3", spec("fp4")))
    assert found.startswith(clients.releases[0])
    assert clients.releases[-1] not in found


def test_form_that_goes_is_strange_to_nobody(clients: Clients) -> None:
    assert clients.strangers_to(Change(path="/model_specs/0", op="remove", before="{}", label="")) == ""


def test_ability_that_no_release_knows_names_them_all(clients: Clients) -> None:
    found = clients.strangers_to(added("/model_ability/1", "telepathy"))
    assert found == f"{clients.releases[0]} – {clients.releases[-1]}"
    assert clients.strangers_to(added("/model_ability/1", "chat")) == ""


def test_releases_gained_and_lost_are_told_apart(clients: Clients) -> None:
    known, strange = records(model_specs=[spec("pytorch")]), records(model_specs=[spec("pytorch"), spec("fp4")])
    gained, lost = clients.gained_and_lost(known, strange)
    assert (gained, lost.startswith(clients.releases[0])) == ("", True)
    assert clients.gained_and_lost(strange, known) == (lost, "")
    assert clients.gained_and_lost(known, known) == ("", "")
