"""What a caller gets back over RabbitMQ: the same as in one process."""

from __future__ import annotations

import json
import threading
import uuid

import pytest

from shared.calls import Failed
from shared.contracts.common import Caller, Empty
from shared.contracts.registry import DocumentInput, Lifecycle, Registry
from shared.database import Database
from shared.errors import Conflict, Invalid, Unavailable
from shared.rpc_client import RpcClient, calls_over_rpc
from tests.support.rpc_echo import EchoProcess


def asking(reason: str, name: str = "m") -> Lifecycle:
    return Lifecycle(name=name, reason=reason)


def somebody(user: str = "anna") -> Caller:
    return Caller(user_id=user, roles=["reviewer"], command_id=str(uuid.uuid4()))


def test_answer_and_callers_identity_are_carried(served: EchoProcess, registry: Registry) -> None:
    answer = registry.archive(asking("echo", "qwen3-ü"), somebody("änna"))
    assert (answer.name, answer.state, answer.position) == ("qwen3-ü", "änna reviewer", "r:1")


def test_refusal_comes_back_as_its_kind_with_its_details(served: EchoProcess, registry: Registry) -> None:
    with pytest.raises(Conflict, match="refused") as refused:
        registry.archive(asking("refuse"), somebody())
    assert refused.value.error_slug == "as-asked"
    assert refused.value.details == {"errors": [{"path": "/reason", "message": "ü\ud800"}]}


def test_unexpected_exception_is_logged_there_and_says_nothing_here(served: EchoProcess, registry: Registry) -> None:
    with pytest.raises(Failed) as failed:
        registry.archive(asking("fail"), somebody())
    assert (failed.value.error_slug, failed.value.details) == ("internal", {})
    assert "secret" not in failed.value.message
    assert "ValueError: a secret" in served.said()
    assert registry.archive(asking("echo"), somebody()).name == "m"


def test_what_in_process_calls_refuse_is_refused_here_too(served: EchoProcess, registry: Registry) -> None:
    with pytest.raises(Invalid) as refused:
        registry.archive(asking("echo", "lone \ud800"), somebody())
    assert refused.value.details["errors"][0]["path"] == "/name"
    assert served.executed() == []


def test_object_of_the_client_librarys_json_stays_as_it_is(served: EchoProcess, registry: Registry) -> None:
    text = json.dumps({"__type__": "datetime", "__value__": "2026-01-01"})
    assert registry.readme_template(DocumentInput(type="llm", document=text), somebody()).readme == text


def test_big_document_comes_back_whole(served: EchoProcess, registry: Registry) -> None:
    text = json.dumps({"model_name": "größe", "text": "\N{SNOWMAN}é\\" * 250_000}, ensure_ascii=False)
    assert len(text.encode()) > 1_400_000
    assert registry.readme_template(DocumentInput(type="llm", document=text), somebody()).readme == text


def test_sixteen_threads_each_get_their_own_answers(served: EchoProcess, registry: Registry) -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(25):
            answer = registry.archive(asking("echo", f"m-{number}-{turn}"), somebody(f"u-{number}"))
            if (answer.name, answer.state) != (f"m-{number}-{turn}", f"u-{number} reviewer"):
                wrong.append(answer.name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(served.executed()) == 400


def test_service_that_never_ran_is_unavailable_at_once(served: EchoProcess, client: RpcClient) -> None:
    review = calls_over_rpc(client).review
    with pytest.raises(Unavailable, match="no queue") as refused:
        review.operations(Empty(), somebody())
    assert refused.value.error_slug == "service-unavailable"


def test_call_that_the_service_does_not_know_is_refused(served: EchoProcess, client: RpcClient) -> None:
    reply = client.call("registry", "no_such_call", {"request": {}, "caller": {}})
    assert reply["error"]["kind"] == "Unavailable"
    reply = client.call("registry", "archive", {"nonsense": 1})
    assert reply["error"]["kind"] == "Invalid"


def test_call_inside_a_transaction_is_refused(
    served: EchoProcess, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('db')}/x.db")
    with database.read(), pytest.raises(RuntimeError, match="inside a transaction"):
        registry.archive(asking("echo"), somebody())
    database.close()


def test_observers_hear_of_each_call_and_its_outcome(served: EchoProcess, client: RpcClient) -> None:
    heard: list[tuple[str, str, str]] = []
    registry = calls_over_rpc(
        client, observe=lambda service, method, _s, outcome: heard.append((service, method, outcome))
    ).registry
    registry.archive(asking("echo"), somebody())
    with pytest.raises(Conflict):
        registry.archive(asking("refuse"), somebody())
    assert heard == [("registry", "archive", "ok"), ("registry", "archive", "as-asked")]
