"""Bad input: each a 4xx problem+json that says what to do; never 5xx; nothing stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.models import llm
from tests.support.refusals import MALFORMED, pointers, refused
from tests.support.running import TestHub, running_hub
from tests.support.stages import OPERATED, OWNED, body_of, three_models

REVIEWED = ["approve", "reject", "comments", "claim"]
COMMANDS: list[tuple[str | None, str, str]] = [
    ("max", "POST", "/models"),
    *(("max", "POST", f"/models/pub/{act}") for act in OWNED),
    *(("max", "POST", f"/models/pub/pull-request/{act}") for act in ("retry", "rebuild", "reopen")),
    ("max", "PUT", "/models/draft/revisions/1"),
    ("max", "POST", "/models/draft/revisions/1/submit"),
    ("max", "POST", "/models/pend/revisions/1/withdraw"),
    *(("rita", "POST", f"/models/pend/revisions/1/{act}") for act in REVIEWED),
    *(("olga", "POST", f"/models/pub/{act}") for act in OPERATED),
    (None, "POST", "/validate"),
    (None, "POST", "/readme-template"),
    (None, "POST", "/session"),
    (None, "POST", "/accounts"),
    ("max", "PATCH", "/me"),
    ("max", "POST", "/me/tokens"),
    ("max", "POST", "/me/role-request"),
    ("max", "PUT", "/me/github-token"),
    ("max", "PATCH", "/me/github-token"),
    ("max", "POST", "/me/github-token/test"),
    ("max", "POST", "/me/notifications/read"),
    ("olga", "PATCH", "/users/uma"),
    ("olga", "POST", "/groups"),
    ("olga", "POST", "/operations/rebuild-catalog"),
    ("olga", "POST", "/operations/look-upstream"),
    ("olga", "POST", "/operations/pull-requests"),
    ("olga", "POST", "/operations/parked/registry:1/retry"),
]
DEEP = 100_000
BODIES: dict[str, tuple[bytes, int]] = {
    "invalid JSON": (b'{"reason": "why"', 400),
    "two values": (b"{} {}", 400),
    "trailing comma": (b'{"reason": "why",}', 400),
    "duplicate keys": (b'{"reason": "a", "reason": "b"}', 400),
    "NaN": (b'{"reason": NaN}', 400),
    "Infinity": (b'{"line": -Infinity}', 400),
    "byte order mark": (b'\xef\xbb\xbf{"reason": "why"}', 400),
    "UTF-16": ('{"reason": "why"}'.encode("utf-16"), 400),
    "Latin-1": (b'{"reason": "\xe9"}', 400),
    "raw lone surrogate": (b'{"reason": "\xed\xa0\x80"}', 400),
    "raw NUL": (b'{"reason": "\x00"}', 400),
    "raw newline in a string": (b'{"reason": "a\nb"}', 400),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, 400),
    "deep arrays": (b"[" * DEEP, 400),
    "an integer of 5,000 digits": (b'{"base_revision": ' + b"9" * 5000 + b"}", 400),
    "a number beyond a float": (b'{"base_revision": 1e999}', 400),
    "escaped lone surrogate": (b'{"reason": "\\ud800"}', 422),
    "escaped NUL": (b'{"reason": "\\u0000"}', 422),
    "an integer beyond 64 bits": (b'{"base_revision": 9223372036854775808}', 422),
    "a fraction": (b'{"base_revision": 1.5, "line": 1.5}', 422),
    "an array": (b"[]", 422),
    "a string": (b'"x"', 422),
    "null": (b"null", 422),
    "true": (b"true", 422),
    "an unknown field": (b'{"nonsense": 1}', 422),
}
TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json5", None]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("bad-input"), mode=mode) as running:
        three_models(running)
        yield running


@pytest.fixture(autouse=True)
def nothing_stored(hub: TestHub) -> Iterator[None]:
    """The heads of the logs are after each test what they were before it."""
    heads = hub.heads()
    yield
    assert hub.heads() == heads


@pytest.mark.parametrize("bad", BODIES)
@pytest.mark.parametrize(("person", "method", "path"), COMMANDS, ids=lambda part: str(part))
def test_every_command_refuses_a_bad_body(hub: TestHub, person: str | None, method: str, path: str, bad: str) -> None:
    data, status = BODIES[bad]
    refused(hub.api(person).raw(method, path, data=data, content_type="application/json"), status)


@pytest.mark.parametrize("content_type", TYPES, ids=str)
@pytest.mark.parametrize(("person", "method", "path"), COMMANDS, ids=lambda part: str(part))
def test_every_command_refuses_what_does_not_say_it_is_json(
    hub: TestHub, person: str | None, method: str, path: str, content_type: str | None
) -> None:
    problem = refused(hub.api(person).raw(method, path, data=b'{"reason": "x"}', content_type=content_type), 415)
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize(("person", "method", "path"), COMMANDS, ids=lambda part: str(part))
def test_every_command_refuses_50_mb(hub: TestHub, person: str | None, method: str, path: str) -> None:
    body = b'{"reason": "' + b"x" * 50_000_000 + b'"}'
    assert "8 MiB" in refused(hub.api(person).raw(method, path, data=body), 413)["detail"]


@pytest.mark.parametrize("path", ["/models", "/models/pub/revisions", "/validate", "/session", "/me/tokens"])
def test_a_body_that_must_be_there_is_asked_for(hub: TestHub, path: str) -> None:
    api = hub.api(None if path in ("/validate", "/session") else "max")
    assert "JSON" in refused(api.raw("POST", path, content_type="application/json"), 400)["detail"]


@pytest.mark.parametrize(("person", "method", "path"), COMMANDS, ids=lambda part: str(part))
def test_every_command_refuses_unknown_query_parameters(
    hub: TestHub, person: str | None, method: str, path: str
) -> None:
    body = {"type": "llm", "document": llm(), "reason": "x"}
    refused(hub.api(person).raw(method, f"{path}?nonsense=1", json=body), 400, 404, 422)


DOCUMENTS: dict[str, str] = {
    "invalid JSON": '{"model_name": "bad",',
    "duplicate keys": '{"model_name": "bad", "model_name": "bad"}',
    "NaN": llm("bad").replace("4096", "NaN"),
    "Infinity": llm("bad").replace("4096", "-Infinity"),
    "byte order mark": "\ufeff" + llm("bad"),
    "escaped lone surrogate": llm("bad").replace("A tiny model.", "\\ud800"),
    "escaped NUL": llm("bad").replace("A tiny model.", "\\u0000"),
    "deep objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "deep arrays": "[" * DEEP + "]" * DEEP,
    "a huge integer": llm("bad").replace("4096", "9" * 5000),
    "an integer beyond 64 bits": llm("bad").replace("4096", "9223372036854775808"),
    "a number beyond a float": llm("bad").replace("4096", "1e999"),
    "empty": "",
    "blank": " \n",
    "no record": '"text"',
    "no records": "[]",
    "records that are none": "[1, null]",
    "two names": f"[{llm('bad')}, {llm('worse')}]",
    "is_builtin": llm("bad", is_builtin=True),
    "is_builtin is false": llm("bad", is_builtin=False),
    "more than 2 MiB": llm("bad", model_description="x" * 2_200_000),
    "too many records": json.dumps([json.loads(llm("bad"))] * 300),
}


@pytest.mark.parametrize("bad", DOCUMENTS)
def test_a_bad_document_is_refused_with_its_place(hub: TestHub, bad: str) -> None:
    problem = refused(hub.api("max").post("/models", body_of("bad", document=DOCUMENTS[bad])), 422)
    assert problem["errors"]
    assert all(path.startswith("/document") for path in pointers(problem))
    revised = hub.api("max").post("/models/pub/revisions", body_of("pub", document=DOCUMENTS[bad], base_revision=1))
    refused(revised, 422)


@pytest.mark.parametrize("bad", [name for name in DOCUMENTS if not name.startswith(("is_builtin",))])
def test_a_bad_document_is_no_draft_either(hub: TestHub, bad: str) -> None:
    refused(hub.api("max").post("/models", body_of("bad", document=DOCUMENTS[bad], submit=False)), 422)


@pytest.mark.parametrize("bad", [name for name in DOCUMENTS if not name.startswith(("is_builtin", "two names"))])
def test_a_bad_document_makes_no_readme(hub: TestHub, bad: str) -> None:
    problem = refused(hub.api(None).post("/readme-template", {"type": "llm", "document": DOCUMENTS[bad]}), 422)
    assert all(path.startswith("/document") for path in pointers(problem))


@pytest.mark.parametrize("bad", DOCUMENTS)
def test_a_bad_document_is_reported_to_editors(hub: TestHub, bad: str) -> None:
    answer = hub.api(None).post("/validate", {"type": "llm", "document": DOCUMENTS[bad]})
    if answer.status_code == 200:
        assert answer.get_json()["ok"] is False
        assert answer.get_json()["errors"]
    else:
        refused(answer, 422)


NAMES = [
    *("a/b", "../../etc/passwd", "..", ".", "a/../b", "/abs", "a\\b", "C:", ".hidden", "-rf", "a..b", "end.", "x.lock"),
    *("a;rm -rf /", "$(id)", "`id`", "a|b", "a&b", "a>b", "a b", "a\tb", "a\nb", "trailing\n", "a'b", 'a"b', "a*", "~"),
    *("аdmin", "ｔiny", "tïny", "tiny\u200b", "\u202eynit", "模型", "tiny\u00a0", "𝐭iny", "tiny\ufeff"),
    *("%2e%2e", "a%2fb", "a?b", "a#b", "@{u}", "refs/heads/main", "", " ", "x" * 101, "x" * 5000),
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_a_name_that_is_no_file_no_branch_and_no_address_is_refused(hub: TestHub, name: str) -> None:
    for submit in (True, False):
        problem = refused(hub.api("max").post("/models", body_of(name, submit=submit)), 422)
        assert pointers(problem) == {"/document/model_name"}


@pytest.mark.parametrize("value", [1, None, True, [], {}, 1.5])
def test_a_name_that_is_no_text_is_refused(hub: TestHub, value: Any) -> None:
    record = json.loads(llm()) | {"model_name": value}
    problem = refused(hub.api("max").post("/models", body_of("x", document=json.dumps(record))), 422)
    assert pointers(problem) & {"/document/model_name", "/document"}


@pytest.mark.parametrize("name", ["PUB", "Pub", "pub"])
def test_a_taken_name_is_409_in_any_case(hub: TestHub, name: str) -> None:
    assert "choose another name" in refused(hub.api("mia").post("/models", body_of(name)), 409)["detail"]


@pytest.mark.parametrize("name", ["pend", "PEND", "draft"])
def test_a_taken_name_is_409_though_its_holder_is_hidden(hub: TestHub, name: str) -> None:
    assert hub.api("mia").get(f"/models/{name}").status_code == 404
    refused(hub.api("mia").post("/models", body_of(name)), 409)


@pytest.mark.parametrize("kind", ["LLM", "nosuch", "", "flexible", "llm\n", None, 1])
def test_an_unknown_type_is_refused(hub: TestHub, kind: Any) -> None:
    assert pointers(refused(hub.api("max").post("/models", body_of("bad", type=kind)), 422)) == {"/type"}


WRONG: dict[str, list[Any]] = {
    "visibility": ["PUBLIC", "", "secret", None, 1],
    "submit": ["maybe", None, 2, []],
    "readme": [None, 1, "x" * (1024 * 1024 + 1), "nul\0", "half \ud800"],
    "message": [None, [], "x" * 4001, "nul\0"],
    "document": [None, {}, 1],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
    ids=lambda part: ascii(part)[:30],
)
def test_a_field_of_the_wrong_kind_is_named(hub: TestHub, field: str, value: Any) -> None:
    problem = refused(hub.api("max").post("/models", body_of("bad") | {field: value}), 422)
    assert pointers(problem) == {f"/{field}"}


@pytest.mark.parametrize("base", ["1", 1.5, True, None, 10**30, -(2**64)], ids=ascii)
def test_a_base_revision_that_is_no_number_is_refused(hub: TestHub, base: Any) -> None:
    refused(hub.api("max").post("/models/pub/revisions", body_of("pub", base_revision=base)), *MALFORMED)


@pytest.mark.parametrize("base", [-1, 0, 2, 2**62])
def test_a_base_revision_that_is_not_there_is_refused(hub: TestHub, base: int) -> None:
    problem = refused(hub.api("max").post("/models/pub/revisions", body_of("pub", base_revision=base)), 422)
    assert (pointers(problem), "1" in problem["detail"]) == ({"/base_revision"}, True)


@pytest.mark.parametrize("sha256", ["", "0" * 64, "x", "0" * 5000, "0" * 63 + "G"])
@pytest.mark.parametrize("act", ["approve", "reject"])
def test_a_verdict_on_another_hash_is_409(hub: TestHub, act: str, sha256: str) -> None:
    body = {"document_sha256": sha256, "feedback": "x"}
    problem = refused(hub.api("rita").post(f"/models/pend/revisions/1/{act}", body), 409)
    assert "reload" in problem["detail"]


def test_a_rejection_needs_feedback(hub: TestHub) -> None:
    sha256 = hub.api("max").get("/models/pend/revisions/1").get_json()["row"]["document_sha256"]
    for feedback in ("", "  \n"):
        body = {"document_sha256": sha256, "feedback": feedback}
        assert pointers(refused(hub.api("rita").post("/models/pend/revisions/1/reject", body), 422)) == {"/feedback"}


@pytest.mark.parametrize("revision", ["0", "2", "999999", "99999999999999999999999", "-1", "1.5", "x", "%00", "1%2F2"])
def test_a_revision_that_is_not_there_is_refused(hub: TestHub, revision: str) -> None:
    body = {"document_sha256": "0" * 64, "feedback": "x"}
    for act in ("approve", "reject", "comments"):
        refused(hub.api("rita").post(f"/models/pend/revisions/{revision}/{act}", body), 404, 422)
    for act in ("submit", "withdraw"):
        refused(hub.api("max").post(f"/models/draft/revisions/{revision}/{act}", {}), 404, 422)
    refused(hub.api("max").get(f"/models/pub/revisions/{revision}"), 404, 422)


def test_a_huge_base_document_diff_is_not_asked_of_a_stranger(hub: TestHub) -> None:
    for path in ("/models/pend/revisions/1/diff", "/models/draft/document", "/models/pend/timeline"):
        refused(hub.api(None).get(path), 404)


@pytest.mark.parametrize("person", ["nosuch", "max\0", "x" * 5000, "", "max\n", "\ud800"], ids=ascii)
def test_owners_that_are_none_are_named(hub: TestHub, person: str) -> None:
    body = {"add": ["mia", person], "reason": "why"}
    assert pointers(refused(hub.api("max").post("/models/pub/owners", body), 422)) == {"/add/1"}


def test_the_last_owner_cannot_leave(hub: TestHub) -> None:
    body = {"remove": ["max"], "reason": "why"}
    assert pointers(refused(hub.api("max").post("/models/pub/owners", body), 422)) == {"/remove"}


@pytest.mark.parametrize("reason", ["", None, 1, "x" * 4001, "nul\0"])
def test_a_reason_is_asked_for(hub: TestHub, reason: Any) -> None:
    for act in ("deprecate", "archive", "restore"):
        assert pointers(refused(hub.api("max").post(f"/models/pub/{act}", {"reason": reason}), 422)) == {"/reason"}
