"""README and JSON as safe HTML. Whatever the input, the last step is the sanitiser's.

markdown-it-py renders (raw HTML included, as model cards use it), nh3 cleans, a rewriter shapes the
clean HTML for our pages, and nh3 cleans again under the narrower list that our shapes need.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments.lexers.data import JsonLexer
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

from gateway.textdiff import lines_of

JSON_LINES = 2_000
# Rendering takes about 4 s a million characters; longer READMEs are cut here and the page links the text.
README_LIMIT = 300_000
# A sanitiser's tree costs the square of its depth: 100,000 nested tags took 39 s, 5,000 take 0.1 s.
RAW_TAGS = 5_000
SCHEMES = {"http", "https", "mailto"}
VOID = {"br", "hr", "img", "col"}
HEADINGS = {f"h{level}" for level in range(1, 7)}
INLINE = {"a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "strong"}
BLOCK = {"blockquote", "caption", "dd", "details", "div", "dl", "dt", "hr", "li", "ol", "p", "pre", "summary", "ul"}
TABLE = {"col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
TAGS = INLINE | BLOCK | TABLE | HEADINGS | {"sub", "sup", "span", "var"}
CELL = {"align", "colspan", "rowspan"}
# With these two the sanitiser also drops what stands inside, not the tags alone.
SILENT = {"script", "style", "template", "title", "noscript", "iframe", "object", "svg", "math", "textarea", "select"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "td": CELL,
    "th": CELL | {"scope"},
    "ol": {"start"},
    "abbr": {"title"},
    "details": {"open"},
}
FINAL_ATTRIBUTES = {
    "a": {"href", "title", "class"},
    "td": {"colspan", "rowspan", "class"},
    "th": {"colspan", "rowspan", "class", "scope"},
    "ol": {"start"},
    "abbr": {"title"},
    "details": {"open"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "span": {"class"},
    "pre": {"tabindex"},
} | {heading: {"id"} for heading in HEADINGS}
FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReadmeWords:
    """The words the renderer adds, in the page's language."""

    image: str = "image"
    table: str = "table"


def readme_is_cut(text: str) -> bool:
    """Whether `render_readme` shows only the beginning."""
    return len(text) > README_LIMIT


def render_readme(text: str, words: ReadmeWords = ReadmeWords()) -> Markup:
    """HTML for `<div class="readme">`: headings from h2 without gaps, images as links, nothing that runs or styles."""
    return Markup(_render(text[:README_LIMIT], words))  # noqa: S704


@lru_cache(maxsize=128)
def _render(text: str, words: ReadmeWords) -> str:
    clean = nh3.clean(
        to_html(text),
        tags=TAGS | {"img"},
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        clean_content_tags=SILENT,
        link_rel=None,
    )
    shaped = Shaper(words)
    shaped.feed(clean)
    shaped.close()
    return nh3.clean(
        "".join(shaped.out),
        tags=TAGS,
        attributes=FINAL_ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
        clean_content_tags=SILENT,
    )


@lru_cache(maxsize=2)
def _markdown(html: bool) -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])


def to_html(text: str) -> str:
    """Unsafe HTML of the body behind the front matter; raw HTML shows as text where there is too much of it."""
    body = FRONT_MATTER.sub("", text, count=1)
    markdown = _markdown(True)
    tokens = markdown.parse(body)
    inner = [child for token in tokens for child in token.children or ()]
    raw_tags = sum(token.content.count("<") for token in [*tokens, *inner] if token.type.startswith("html_"))
    if raw_tags > RAW_TAGS:
        markdown = _markdown(False)
        tokens = markdown.parse(body)
    for token in tokens:
        # The cell's style attribute would be dropped; `align` survives until it becomes a class.
        if token.type in ("th_open", "td_open") and "right" in str(token.attrGet("style")):
            token.attrSet("align", "right")
    return str(markdown.renderer.render(tokens, markdown.options, {}))


@dataclass
class Shaper(HTMLParser):
    """Rewrites HTML that the sanitiser has normalised; trusts none of it, since it is cleaned again."""

    words: ReadmeWords
    out: list[str] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    links: int = 0
    link: str = ""
    link_at: int = 0
    heading: list[str] | None = None
    heading_at: int = 0
    ids: dict[str, int] = field(default_factory=dict)
    closing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.image(values)
        elif tag in HEADINGS:
            self.open_heading(int(tag[1]))
        elif tag == "table":
            label = escape(self.words.table)
            self.out.append(f'<div class="table-box" tabindex="0" role="group" aria-label="{label}"><table>')
        elif tag == "pre":
            self.out.append('<pre tabindex="0">')
        elif tag == "a":
            self.links += 1
            self.link = values["href"] = self.target(values.get("href", ""))
            self.open("a", values)
            self.link_at = len(self.out)
        else:
            if values.pop("align", "") in ("right", "end"):
                values["class"] = "end"
            self.open(tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag in HEADINGS:
            self.close_heading()
        elif tag == "table":
            self.out.append("</table></div>")
        elif tag not in VOID:
            if tag == "a":
                self.close_link()
            self.out.append(f"</{tag}>")

    def close_link(self) -> None:
        """A link that shows its address needs it nowhere else, as in print."""
        self.links -= 1
        if self.link and "".join(self.out[self.link_at :]) == escape(self.link, quote=False):
            self.out[self.link_at - 1] = self.out[self.link_at - 1].replace("<a", '<a class="bare"', 1)

    def handle_data(self, data: str) -> None:
        if self.heading is not None:
            self.heading.append(data)
        self.out.append(escape(data, quote=False))

    def open(self, tag: str, values: dict[str, str]) -> None:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in values.items() if value or name == "open")
        self.out.append(f"<{tag}{attributes}>")

    def target(self, href: str) -> str:
        """A place on the page keeps pointing at it; a relative path has nothing here to point at."""
        if href.startswith("#"):
            return f"#{anchor(href[1:])}"
        return href if urlsplit_scheme(href) else ""

    def image(self, values: dict[str, str]) -> None:
        """The policy loads no image from elsewhere, so the reader gets its words and a link."""
        source = values.get("src", "")
        words = values.get("alt", "").strip() or values.get("title", "").strip()
        words = words or source.rsplit("/", 1)[-1].split("?")[0][:80] or self.words.image
        if self.heading is not None:
            self.heading.append(words)
        if self.links or urlsplit_scheme(source) not in ("http", "https"):
            self.out.append(f'<span class="image-link">{escape(words)}</span>')
        else:
            self.out.append(f'<a class="image-link" href="{escape(source)}">{escape(words)}</a>')

    def open_heading(self, raw: int) -> None:
        """Levels follow the document's own outline from h2 down, so that none is skipped."""
        while self.levels and self.levels[-1] >= raw:
            self.levels.pop()
        self.levels.append(raw)
        level = min(len(self.levels) + 1, 6)
        self.closing.append(f"</h{level}>")
        self.heading, self.heading_at = [], len(self.out)
        self.out.append(f"<h{level}>")

    def close_heading(self) -> None:
        if not self.closing:
            return
        name = anchor("".join(self.heading or []))
        count = self.ids.get(name, 0)
        self.ids[name] = count + 1
        unique = f"{name}-{count}" if count else name
        self.out[self.heading_at] = self.out[self.heading_at].replace(">", f' id="{escape(unique)}">')
        self.heading = None
        self.out.append(self.closing.pop())


def urlsplit_scheme(url: str) -> str:
    """The scheme, "" for a relative, empty or unreadable address."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def anchor(words: str) -> str:
    """A heading's id; the prefix keeps READMEs from taking an id of the page itself."""
    slug = re.sub(r"[^\w\s-]", "", words.strip().lower())
    return "readme-" + re.sub(r"\s+", "-", slug)[:80]


@dataclass(frozen=True, slots=True)
class ColouredJson:
    """`html` is a `<span class="ln">` a line, those of one hundred in a `<span class="lines">`; `cut`: it goes on."""

    html: Markup
    lines: int
    size_bytes: int
    cut: bool


def colour_json(text: str, *, most_lines: int = JSON_LINES) -> ColouredJson:
    """JSON text coloured by class names that the editor uses too; any text is accepted, also broken JSON."""
    lines = lines_of(text)
    shown = "\n".join(lines[:most_lines])
    spans = [f'<span class="ln">{line}\n</span>' for line in coloured_lines(shown)]
    # The first hundred begins with line 1, the second with line 100: so the style sheet can count them.
    parts = ("".join(spans[max(first - 1, 0) : first + 99]) for first in range(0, len(spans) + 1, 100))
    html = "".join(f'<span class="lines">{part}</span>' for part in parts)
    return ColouredJson(Markup(html), len(lines), len(text.encode()), len(lines) > most_lines)  # noqa: S704


def coloured_lines(text: str) -> list[str]:
    lines = [""]
    for token, value in JsonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = json_class(token)
        for at, piece in enumerate(value.split("\n")):
            if at:
                lines.append("")
            if piece:
                safe = escape(piece, quote=False)
                lines[-1] += f'<span class="{name}">{safe}</span>' if name else safe
    return lines


JSON_CLASSES = ((Name.Tag, "jk"), (String, "js"), (Number, "jn"), (Keyword, "jn"), (Comment, "muted"))


def json_class(token: _TokenType) -> str:
    """The first class whose token type is the token's own or above it; "" for marks and space."""
    return next((name for kind, name in JSON_CLASSES if token[: len(kind)] == kind), "")
