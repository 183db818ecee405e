"""The tabs of the operator pages."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _


def operations_tabs(current: str) -> list[dict[str, Any]]:
    """Each a page of its own."""
    pages = (
        ("", _("Services")),
        ("people", _("People")),
        ("groups", _("Groups")),
        ("mail", _("Mail")),
        ("audit", _("Audit")),
    )
    return [
        {"href": f"/operations/{key}" if key else "/operations", "word": word, "current": key == current}
        for key, word in pages
    ]
