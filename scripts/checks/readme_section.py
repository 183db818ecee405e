"""Parts of README that are made from code, between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

from pathlib import Path

README = "README.md"


class NoSection(Exception):
    """README has no such markers."""


def _bounds(text: str, name: str) -> tuple[int, int]:
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    start, end = text.find(opening), text.find(closing)
    if start < 0 or end < start:
        raise NoSection(f"{README}: expected the lines {opening.strip()} and {closing} around the table made from code")
    return start + len(opening), end


def differs(root: Path, name: str, content: str) -> list[str]:
    """A sentence where README says something else than `content`; none where there is no README yet."""
    readme = root / README
    if not readme.exists():
        return []
    text = readme.read_text(encoding="utf-8")
    try:
        start, end = _bounds(text, name)
    except NoSection as problem:
        return [str(problem)]
    if text[start:end].strip() == content.strip():
        return []
    return [f"{README}: its {name} table differs from the code; `make readme` writes it anew"]


def write(root: Path, name: str, content: str) -> None:
    """Puts `content` between the markers. Raises NoSection."""
    readme = root / README
    text = readme.read_text(encoding="utf-8")
    start, end = _bounds(text, name)
    readme.write_text(f"{text[:start]}\n{content.strip()}\n\n{text[end:]}", encoding="utf-8")
