"""Whatever people write, the body and the comments hold no mention, link, closing word or markup but the hub's own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.pr_bot import rules
from shared.document import Change

PAGE = "http://hub.test/models/detail/x/revisions/2"
ADDRESS = "https://git.test/owner/repository"
HOSTILE = [
    "@everyone",
    "Fixes #1",
    "closes owner/repo#1",
    "resolves https://github.com/owner/repo/issues/3",
    "gh-4 GH-4",
    "www.evil.test WWW.EVIL.TEST",
    "<img src=//evil.test/x onerror=alert(1)>",
    "<!-- models-hub:closed:1 -->",
    "[click](//evil.test) ![x](//evil.test)",
    "[click]: //evil.test\n[click]",
    "`` ` ``` ````",
    "a | b \\| c \\",
    "```\n@all\n```",
    "~~~\n# head\n- list\n> quote\n---\n",
    "\r\n\r\nFixes #1\x0bFixes #2\x85Fixes #3\u2028Fixes #4",
    "\u202egnp.exe\u2066 \u200b \u200d \ufeff",
    "$(touch pwned) `touch pwned` ; touch pwned && '\"",
    "--upload-pack=touch pwned",
    "refs/../../heads/main",
    "\x1b[31mred\x1b[0m \x07 \x00",
    "**bold** _em_ <b>b</b> &lt;script&gt; \\",
    "a@b.test <a@b.test> <https://evil.test>",
    "</code></pre>\n\n@all",
    "$x$ $$y$$",
    "\ud800",
]
ACTS = re.compile(r"@\w|#\d|://|\bwww\.|\bgh-\d", re.IGNORECASE)
# A model may well be called GH-4 or www.x, and the proof names its file; nothing in a fenced block acts.
ACTS_IN_PROOF = re.compile(r"@\w|#\d|://")
words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200), st.lists(st.sampled_from(HOSTILE)).map("\n".join))


def body(text: str, **changes: Any) -> str:
    proof = rules.Proof(
        model=text,
        path=f"xinference/model/llm/models/{text}.json",
        base_sha="b" * 40,
        head_sha="a" * 40,
        fetch_from=ADDRESS,
        before="",
        after="[]",
    )
    fields: dict[str, Any] = {
        "model": text,
        "model_type": text,
        "revision": 2,
        "submitter": text,
        "message": text,
        "is_published": True,
        "page_url": PAGE,
        "changes": [Change(path=text, op="change", before=text, after=text, label=text)] * 2,
        "proof": proof,
        "reviewer": text,
        "warnings": [text],
        "reason": text,
    }
    return rules.body_of(rules.Account(**fields | changes))


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [part for token in parsed for part in (token, *(token.children or ()))]


def assert_inert(markdown: str, *, links: list[str]) -> None:
    """Only `links`, no HTML, no picture, and no word that acts in what would be rendered as text."""
    found = tokens(markdown)
    assert [token.attrGet("href") for token in found if token.type == "link_open"] == links
    kinds = {token.type for token in found}
    assert not kinds & {"html_block", "html_inline", "image", "heading_open", "blockquote_open", "hr", "em_open"}
    for token in found:
        if token.type in ("text", "code_inline", "fence", "code_block"):
            is_proof = token.info == "sh" or "\nbefore file" in token.content
            shown = token.content.replace(ADDRESS, "") if token.info == "sh" else token.content
            assert not (ACTS_IN_PROOF if is_proof else ACTS).search(shown), shown
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff]", shown)
    markdown.encode()


def columns(markdown: str) -> list[int]:
    """How many cells each row of the table has."""
    counts: list[int] = []
    for token in tokens(markdown):
        if token.type == "tr_open":
            counts.append(0)
        elif token.type in ("td_open", "th_open"):
            counts[-1] += 1
    return counts


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("kind", ["add", "update"])
def test_hostile_words_stay_words_in_a_body(hostile: str, kind: str) -> None:
    shown = body(hostile, kind=kind)
    assert_inert(shown, links=[PAGE])
    assert columns(shown) == [4, 4, 4]


@given(words)
@settings(max_examples=150, deadline=None)
def test_any_words_stay_words_in_a_body(text: str) -> None:
    shown = body(text)
    assert_inert(shown, links=[PAGE])
    assert columns(shown) == [4, 4, 4]


@given(words)
@settings(max_examples=100, deadline=None)
def test_any_words_stay_words_in_comments_titles_and_removals(text: str) -> None:
    assert_inert(rules.rejection(3, text), links=[])
    assert_inert(rules.closing(text), links=[])
    assert_inert(body(text, kind="remove", changes=()), links=[PAGE])
    title = rules.title_of(text)
    assert title.isprintable() or "\u200b" in title
    assert not ACTS.search(title)
    assert "\n" not in title


@given(words)
@settings(max_examples=100, deadline=None)
def test_the_proofs_command_has_no_word_of_a_persons(text: str) -> None:
    (command,) = [token.content for token in tokens(body(text)) if token.info == "sh"]
    arguments = command.rsplit("' ", 1)[1]
    assert re.fullmatch(r"a{40} [A-Za-z0-9_.~/%-]+ [A-Za-z0-9_.~/%-]*\n", arguments)
