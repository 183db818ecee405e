from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.markup import RAW_TAGS, README_LIMIT, TAGS, colour_json, readme_is_cut, render_readme

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://a.example/b.png" onload="alert(1)" style="position:fixed">',
    '<svg onload=alert(1)><script>alert(1)</script><use href="data:x"/></svg>',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<template><img src=x onerror=alert(1)></template>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
    '<a href="vbscript:x">x</a><a href="file:///etc/passwd">y</a>',
    "[x](javascript:alert(1))",
    "[x](<data:text/html,<script>alert(1)</script>>)",
    "![x](javascript:alert(1))",
    '![" onerror="alert(1)](https://a.example/x.png "\\" onload=alert(1)")',
    '<style>body{display:none}</style><link rel=stylesheet href="https://evil.example/x.css">',
    '<p style="background:url(javascript:alert(1))" class="banner" id="main">x</p>',
    '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">',
    '<form action="https://evil.example"><input name=p><button formaction=javascript:alert(1)>x</button></form>',
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<pre tabindex=5 onfocus=alert(1) autofocus>x</pre>",
    '<div role="dialog" aria-label="Sign in" tabindex="1" contenteditable>x</div>',
    '<h1 id="search">x</h1><a name="csrf_token" id="live">y</a>',
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "# <b onmouseover=alert(1)>x</b> `<script>`",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>x</script> |",
    '<a href="https://a.example"><a href="javascript:alert(1)"><img src=x></a></a>',
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "<p \x00onclick=alert(1)>x</p>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
]
ALLOWED = (TAGS - {"h1", "img"}) | {"div"}
ATTRIBUTES = {"href", "title", "class", "rel", "colspan", "rowspan", "scope", "start", "open", "id"} | {
    "tabindex",
    "role",
    "aria-label",
}
ACTIVE = {
    "script",
    "style",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "button",
    "base",
    "meta",
    "link",
}


class Inspector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.found


def assert_harmless(html: str) -> None:
    for tag, attributes in elements(html):
        assert tag in ALLOWED, html
        assert set(attributes) <= ATTRIBUTES, html
        href = attributes.get("href", "")
        assert not href or href.startswith(("http://", "https://", "mailto:", "#readme-")), html
        assert attributes.get("id", "readme-").startswith("readme-"), html
        assert attributes.get("class", "end") in ("end", "image-link", "table-box"), html
        assert attributes.get("tabindex", "0") == "0", html
        assert attributes.get("role", "group") == "group", html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_readme_leaves_nothing_that_runs_styles_or_poses(text: str) -> None:
    assert_harmless(str(render_readme(text)))
    assert_harmless(str(render_readme(f"before\n\n{text}\n\nafter")))
    assert_harmless(str(render_readme(f"text {text} text")))


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "<", ">", '"', "<!--", "</", "<table>", "<a ", "`", "\n", "&lt;", "x"]), max_size=6
    )
)
def test_no_mixture_of_hostile_parts_gets_through(parts: list[str]) -> None:
    assert_harmless(str(render_readme("".join(parts))))


def test_no_active_element_is_ever_allowed() -> None:
    assert not ACTIVE & TAGS


def test_headings_start_at_two_and_skip_no_level() -> None:
    html = str(render_readme("### A\n\n### B\n\n# C\n\n#### D\n\n## E\n"))
    assert re.findall(r"<h(\d)[^>]*>(\w)", html) == [("2", "A"), ("2", "B"), ("2", "C"), ("3", "D"), ("3", "E")]


def test_heading_ids_are_unique_and_links_to_them_still_work() -> None:
    html = str(render_readme("# Quick start\n\n# Quick start\n\n[go](#quick-start)\n"))
    assert 'id="readme-quick-start"' in html
    assert 'id="readme-quick-start-1"' in html
    assert 'href="#readme-quick-start"' in html


def test_image_becomes_a_link_with_its_words() -> None:
    html = str(render_readme("![Scores](https://a.example/s.png)"))
    assert re.search(r'<a class="image-link" href="https://a.example/s.png"[^>]*>Scores</a>', html)


def test_image_inside_a_link_becomes_its_words_alone() -> None:
    html = str(render_readme("[![build](https://a.example/b.svg)](https://ci.example)"))
    assert [tag for tag, _ in elements(html)] == ["p", "a", "span"]
    assert ">build</span>" in html


def test_image_without_words_says_its_file_name() -> None:
    assert ">logo.png</a>" in str(render_readme('<img src="https://a.example/x/logo.png?raw=1">'))


def test_links_outside_tell_search_engines_and_windows_nothing() -> None:
    assert 'rel="nofollow noopener noreferrer"' in str(render_readme("[x](https://a.example)"))


def test_relative_links_point_nowhere() -> None:
    assert "href" not in str(render_readme("[x](./docs/a.md)"))


def test_front_matter_is_not_shown() -> None:
    assert str(render_readme("---\nlicense: mit\n---\n# Hi\n")).startswith("<h2")


def test_code_scrolls_by_keyboard_and_tables_stand_in_a_box() -> None:
    html = str(render_readme("```\nx\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n"))
    assert '<pre tabindex="0">' in html
    assert '<div class="table-box" tabindex="0" role="group"' in html
    assert '<td class="end">2</td>' in html


def test_too_many_raw_tags_show_as_text() -> None:
    html = str(render_readme("<div>\n" * (RAW_TAGS + 1)))
    assert "<div" not in html
    assert "&lt;div&gt;" in html


def test_long_readme_is_cut_and_says_so() -> None:
    assert readme_is_cut("x" * (README_LIMIT + 1))
    assert not readme_is_cut("x" * README_LIMIT)


def text_of(html: str) -> str:
    parts: list[str] = []

    class Text(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    reader = Text()
    reader.feed(html)
    reader.close()
    return "".join(parts)


def test_json_keeps_every_character_in_one_element_a_line() -> None:
    text = json.dumps({"名": ['<b>&"', 1.5, True, None], "b": {"c": -1e9}}, indent=2, ensure_ascii=False)
    coloured = colour_json(text)
    assert text_of(str(coloured.html)) == text + "\n"
    assert str(coloured.html).count('class="ln"') == coloured.lines == text.count("\n") + 1
    assert coloured.size_bytes == len(text.encode())
    assert '<span class="jk">"b"</span>' in coloured.html


def test_json_is_cut_at_its_line_limit() -> None:
    coloured = colour_json("[\n" + "1,\n" * 50 + "1]", most_lines=10)
    assert (coloured.cut, coloured.lines, str(coloured.html).count('class="ln"')) == (True, 52, 10)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("<https://example.org/a?b=1&c=2>", True),
        ("[https://example.org/a](https://example.org/a)", True),
        ("[words](https://example.org/a)", False),
        ("[**https://example.org/a**](https://example.org/a)", False),
        ("[words](#here)", False),
    ],
)
def test_link_that_shows_its_address_says_so_for_print(text: str, bare: bool) -> None:
    assert ('class="bare"' in str(render_readme(text))) is bare


@pytest.mark.parametrize(("lines", "parts"), [(1, [1]), (99, [99]), (100, [99, 1]), (250, [99, 100, 51])])
def test_lines_stand_together_by_the_hundred_of_their_number(lines: int, parts: list[int]) -> None:
    html = str(colour_json("\n".join("1" * lines)).html)
    assert [part.count('class="ln"') for part in html.split('class="lines"')[1:]] == parts


@given(st.text(max_size=80))
def test_any_text_is_coloured_without_loss_of_characters(text: str) -> None:
    shown = text_of(str(colour_json(text).html))
    assert "".join(shown.split()) == "".join(text.split())
