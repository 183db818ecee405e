"""A model's badge: a small picture for pages elsewhere, and the snippets that show it there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

LABEL = "Models Hub"
COLOURS = {"published": "#136337", "deprecated": "#7d4a00", "archived": "#5b5b54"}
"""By a public model's state; white reads on each with 6:1 and more."""
SHOWN_STATES = tuple(COLOURS)
_LONGEST = 40
_LETTER, _WIDE, _PADDING = 6.4, 11.0, 14
_TEMPLATE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label={title}>
<title>{text}</title><clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3a36b8"/><rect x="{left}" width="{right}" height="20" \
fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left_middle}" y="14" textLength="{left_text}">{label}</text>
<text x="{right_middle}" y="14" textLength="{right_text}">{words}</text></g></svg>
"""


def badge_svg(name: str, state: str) -> str:
    """An SVG without scripts or styles, which any policy lets through; it speaks English, as badges do."""
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    words = short if state == "published" else f"{short} · {state}"
    left_text, right_text = _width(LABEL), _width(words)
    left, right = left_text + _PADDING, right_text + _PADDING
    title = f"{LABEL}: {name}, {state}"
    return _TEMPLATE.format(
        width=left + right,
        left=left,
        right=right,
        left_middle=left / 2,
        right_middle=left + right / 2,
        left_text=left_text,
        right_text=right_text,
        colour=COLOURS[state],
        label=LABEL,
        words=escape(words),
        text=escape(title),
        title=quoteattr(title),
    )


def _width(text: str) -> int:
    """In pixels, about; the picture then stretches its letters to exactly that, whatever the font."""
    return round(sum(_LETTER if char.isascii() else _WIDE for char in text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippets:
    """What one copies: the page's address, and the badge for a README and for a web page."""

    link: str
    badge: str
    markdown: str
    html: str


def snippets(name: str, *, base_url: str) -> Snippets:
    """For a model that anyone may see; `base_url` is where the hub is reached from outside."""
    page = f"{base_url}/models/detail/{quote(name, safe='')}"
    badge = f"{base_url}/models/badge/{quote(name, safe='')}.svg"
    said = name.replace("\\", "").replace("[", "(").replace("]", ")")
    image = f'<img src={quoteattr(badge)} alt={quoteattr(f"{LABEL}: {name}")} height="20">'
    return Snippets(
        link=page,
        badge=badge,
        markdown=f"[![{LABEL}: {said}]({badge})]({page})",
        html=f"<a href={quoteattr(page)}>{image}</a>",
    )
