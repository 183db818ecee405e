"""What a pull request says, with hostile words in it."""

from __future__ import annotations

import hashlib

import pytest

from services.pr_bot import rules

PROOF = rules.Proof(path="xinference/model/llm/models/a.json", base_sha="b" * 40, before="", after="[]\n")


def account(**changes: object) -> rules.Account:
    fields: dict[str, object] = {
        "model": "GLM-5",
        "model_type": "llm",
        "revision": 2,
        "submitter": "Ada",
        "message": "",
        "is_published": False,
        "page_url": "http://hub.test/models/detail/GLM-5",
        "branch": "chore/models-sync/glm-5",
        "changes": (),
        "proof": PROOF,
    }
    return rules.Account(**fields | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "hostile", ["@all", "Fixes #1", "closes owner/repo#2", "resolves https://x.test/issues/3", "GH-4"]
)
def test_words_that_act_are_broken_up_but_read_the_same(hostile: str) -> None:
    shown = rules.inert(hostile)
    assert hostile not in shown
    assert shown.replace("\u200b", "") == hostile


def test_inert_text_is_one_line_of_printable_characters() -> None:
    assert rules.inert("a\n\tb\x07\u202ec") == "a b c"


@pytest.mark.parametrize("text", ["`", "``a``", "a|b", "", "x" * 500])
def test_a_code_span_is_closed_whatever_is_in_it(text: str) -> None:
    shown = rules.code(text)
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    assert shown.endswith(fence)
    assert fence not in shown[len(fence) : -len(fence)].strip(" ").strip("`") or len(fence) == 1
    assert "|" not in shown.replace("\\|", "")
    assert len(shown) < 200


def test_a_message_cannot_leave_its_block() -> None:
    shown = rules.quoted("hello\n```\n<b>@all</b>\n````")
    fence = shown.split("text", 1)[0]
    assert len(fence) == 5
    assert shown.endswith(fence)


def test_the_body_links_the_page_and_proves_the_file() -> None:
    body = rules.body_of(account())
    assert "http://hub.test/models/detail/GLM-5" in body
    assert hashlib.sha256(b"[]\n").hexdigest() in body
    assert f"git show {PROOF.base_sha}:{PROOF.path}" in body
    assert "revision 2" in body


def test_a_long_diff_is_cut_at_a_line() -> None:
    shown = rules.cut("+line\n" * 100_000)
    assert len(shown) <= rules.DIFF_CHARS
    assert shown.endswith("the branch holds the rest\n")
    assert rules.cut("+short\n") == "+short\n"


@pytest.mark.parametrize(("updated_at", "date"), [(1_700_000_000, 1_700_000_000), (None, 5), (-1, 5), (2**40, 5)])
def test_a_commits_date_is_the_documents_own_time(updated_at: int | None, date: int) -> None:
    assert rules.date_of(updated_at, base_date_s=5) == date


def test_the_body_says_whether_the_model_is_added_changed_or_removed() -> None:
    verbs = [rules.body_of(account(kind=kind)).split()[0] for kind in ("add", "update", "remove")]
    assert verbs == ["Adds", "Updates", "Removes"]
