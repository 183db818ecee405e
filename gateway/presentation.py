"""All that templates need, in one call: assets, languages, preferences, the looks of states, figures."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from markupsafe import Markup

from gateway.assets import install_assets
from gateway.figures import byte_size, context, gigabytes, initials, ladder, page_numbers, parameters, size_range
from gateway.form_words import field_id, hint_of, is_under, known_values, label_of
from gateway.i18n import install_i18n
from gateway.names import PROGRAMS
from gateway.preferences import install_preferences
from gateway.service_words import in_language
from gateway.states import format_word, look_of, type_word
from gateway.textdiff import paired


def box_text(text: str) -> Markup:
    """A text for inside a text box, where quotes are no markup: a large document stays half as large."""
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704 (escaped here)


def install_presentation(app: Flask, account_language: Callable[[], str] = lambda: "") -> None:
    """Makes base.html and _components.html usable in `app`; call once, before the first request."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.tests["under"] = is_under
    install_assets(app)
    install_i18n(app, account_language)
    install_preferences(app)
    app.jinja_env.filters["said"] = in_language
    app.jinja_env.globals.update(
        look_of=look_of,
        PROGRAMS=PROGRAMS,
        type_word=type_word,
        format_word=format_word,
        ladder_of=ladder,
        parameters=parameters,
        size_range=size_range,
        context_words=context,
        byte_size=byte_size,
        gigabytes=gigabytes,
        initials=initials,
        page_numbers=page_numbers,
        paired=paired,
        field_id=field_id,
        field_label=label_of,
        field_hint=hint_of,
        known_values=known_values,
        box_text=box_text,
    )
