"""What a pull request says, with hostile words in it."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from services.pr_bot import rules
from services.pr_bot.reconcile.batches import MOST_TOGETHER
from shared.document import Change

PROOF = rules.Proof(
    model="GLM-5",
    path="xinference/model/llm/models/GLM-5.json",
    base_sha="b" * 40,
    head_sha="a" * 40,
    fetch_from="https://git.test/owner/repository",
    before="",
    after='[{"model_name": "GLM-5"}]\n',
)


def account(**changes: object) -> rules.Account:
    fields: dict[str, object] = {
        "model": "GLM-5",
        "model_type": "llm",
        "revision": 2,
        "submitter": "Ada",
        "message": "",
        "is_published": False,
        "page_url": "http://hub.test/models/detail/GLM-5/revisions/2",
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
    assert len(shown) < 200


def test_a_message_cannot_leave_its_block() -> None:
    shown = rules.quoted("hello\n```\n<b>@all</b>\n````")
    fence = shown.split("text", 1)[0]
    assert len(fence) == 5
    assert shown.endswith(fence)


def test_the_body_links_the_page_and_proves_the_file() -> None:
    body = rules.body_of(account())
    assert "(http://hub.test/models/detail/GLM-5/revisions/2)" in body
    assert hashlib.sha256(PROOF.after.encode()).hexdigest() in body
    assert f"git fetch --quiet -- {PROOF.fetch_from} {PROOF.head_sha} && python3 -c" in body


def test_the_body_names_who_approved_it_or_says_that_nobody_has_yet() -> None:
    assert "Not reviewed in the hub yet" in rules.body_of(account())
    assert "approved by `Rita`" in rules.body_of(account(is_published=True, reviewer="Rita"))
    assert "Rejected by a reviewer" in rules.body_of(account(is_rejected=True))


def test_the_body_says_what_the_validation_found() -> None:
    assert "passed without a warning" in rules.body_of(account())
    body = rules.body_of(account(warnings=[f"warning {number}" for number in range(12)]))
    assert body.count("- `warning") == 10
    assert "and 2 more" in body


def test_the_largest_body_is_within_the_limit_and_ends_with_its_proof() -> None:
    change = Change(path="/0", op="change", before="|" * 999, after="@|" * 999, label="#" * 999)
    body = rules.body_of(
        account(changes=[change] * 500, message="@`\n" * 9000, submitter="@" * 999, warnings=["@|`" * 999] * 99)
    )
    assert len(body) < rules.BODY_CHARS
    assert PROOF.printed() in body
    assert "more; the diff shows all" in body


def test_a_request_that_touches_another_model_is_refused() -> None:
    before, after = '[{"model_name": "Other", "n": 1}]\n', '[{"model_name": "Other", "n": 1.0}]\n'
    path = "xinference/model/llm/llm_family.json"
    with pytest.raises(rules.ForeignBytes):
        dataclasses.replace(PROOF, path=path, before=before, after=after).printed()


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


def several(count: int, **changes: object) -> list[rules.Account]:
    """As many models, each added to a file of its own."""
    names = [f"{'m' * 100}-{number}" for number in range(count)]
    proofs = [
        dataclasses.replace(
            PROOF,
            model=name,
            path=f"xinference/model/llm/models/{name}.json",
            after=f'[{{"model_name": "{name}"}}]',
        )
        for name in names
    ]
    return [
        account(model=name, proof=proof, is_published=True, reviewer="Rita", **changes)
        for name, proof in zip(names, proofs, strict=True)
    ]


def test_the_largest_body_of_as_many_as_travel_together_is_within_the_limit() -> None:
    change = Change(path="/0", op="change", before="|" * 999, after="@|" * 999, label="#" * 999)
    accounts = several(
        MOST_TOGETHER,
        changes=[change] * 500,
        message="@`\n" * 9000,
        submitter="@" * 999,
        warnings=["@|`" * 999] * 99,
        page_url=f"https://hub.example.org/models/detail/{'m' * 100}/revisions/2",
    )
    body = rules.batch_body_of(accounts)
    assert len(body) < 65_536
    assert rules.BatchProof.of([account.proof for account in accounts]).printed() in body
    for one in accounts:
        assert f"### `{one.model}`" in body


def test_a_body_of_several_tells_of_each_what_its_own_would() -> None:
    change = Change(path="/size", op="change", before="1", after="2", label="/size")
    first, second = several(2, changes=[change], message="please")
    body = rules.batch_body_of([first, second])
    assert body.count("approved by `Rita`") == body.count("| `/size` | `1` | `2` |") == body.count("please") == 2
    assert body.count("```sh") == 1


def test_hostile_words_stay_words_among_several() -> None:
    hostile = "@everyone Fixes #1 <b>|```"
    first, second = several(2, message=hostile, submitter=hostile, warnings=[hostile])
    body = rules.batch_body_of([dataclasses.replace(first, model=hostile), second])
    assert "@everyone" not in body
    assert "#1" not in body


def test_a_request_of_several_that_touches_another_model_is_refused() -> None:
    path = "xinference/model/llm/llm_family.json"
    before = '[{"model_name": "Other", "n": 1}]\n'
    between = '[{"model_name": "Other", "n": 1}, {"model_name": "a"}]\n'
    after = '[{"model_name": "Other", "n": 1.0}, {"model_name": "a"}, {"model_name": "b"}]\n'
    proofs = [
        dataclasses.replace(PROOF, model="a", path=path, before=before, after=between),
        dataclasses.replace(PROOF, model="b", path=path, before=between, after=after),
    ]
    with pytest.raises(rules.ForeignBytes):
        rules.BatchProof.of(proofs).printed()
    kept = dataclasses.replace(proofs[1], after=after.replace("1.0", "1"))
    assert rules.BatchProof.of([proofs[0], kept]).printed().count("others 1 ") == 2
