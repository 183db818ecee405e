"""README's table of settings is `shared.config.SETTINGS`."""

from __future__ import annotations

from pathlib import Path

from scripts.checks import readme_section
from shared.config import as_markdown

SECTION = "settings"


def content() -> str:
    """The table as README must show it."""
    return as_markdown()


def problems(root: Path) -> list[str]:
    """A sentence where the table differs."""
    return readme_section.differs(root, SECTION, content())
