"""Keeps the Chinese catalogue in step with the sources: `extract`, `update`, `compile`, `check`.

`update` extracts and merges, keeping what is translated; `check` fails on a string that is missing from the
catalogue, untranslated, fuzzy, or whose placeholders differ; `compile` writes the .mo files, made at install.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "gateway" / "translations"
LANGUAGES = ("zh",)
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")


def extract() -> Catalog:
    """Every message of the gateway's sources, with the files it stands in, without line numbers."""
    with (ROOT / "gateway" / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)  # type: ignore[no-untyped-call]
    template = Catalog(project="models-hub", fuzzy=False)
    found = extract_from_dir(str(ROOT), methods, options, KEYWORDS, ("NOTE:",), directory_filter=is_source)
    for filename, _line, messages, comments, context in found:
        # Without line numbers (0), a moved line changes no catalogue.
        template.add(messages, None, [(filename.replace("\\", "/"), 0)], auto_comments=comments, context=context)
    return template


def is_source(folder: str) -> bool:
    return Path(folder).name not in {"node_modules", "static", "var", "build", "__pycache__"} and not Path(
        folder
    ).name.startswith(".")


def po_path(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def read_catalog(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="models-hub", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def update(language: str) -> None:
    catalog = read_catalog(language)
    catalog.update(extract(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    # The headers say nothing that changes from day to day, so that an update without news is no change.
    for message in catalog:
        message.locations = sorted(set(message.locations))
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False)
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    path.write_text(header + buffer.getvalue().decode(), encoding="utf-8")


def compile_catalog(language: str) -> bool:
    """Writes the .mo where it is missing or older; says whether it wrote."""
    source = po_path(language)
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    catalog = read_catalog(language)
    with target.open("wb") as stream:
        write_mo(stream, catalog)
    return True


def texts(message: Message) -> tuple[str, ...]:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return tuple(text or "" for text in strings)


def problems(template: Catalog, catalog: Catalog) -> list[str]:
    """What keeps a catalogue from being complete, one line each."""
    found = []
    for message in template:
        if not message.id:
            continue
        name = ids(message)[0]
        translated = catalog.get(name, message.context)
        if translated is None or not all(texts(translated)):
            found.append(f"untranslated: {name!r} in {', '.join(sorted({place for place, _ in message.locations}))}")
        elif translated.fuzzy:
            found.append(f"fuzzy: {name!r}")
        elif any(placeholders(text) - placeholders(*ids(message)) for text in texts(translated)):
            found.append(f"placeholders of the translation are not those of {name!r}")
    return found


def ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def placeholders(*strings: str) -> set[str]:
    return {name for string in strings for name in PLACEHOLDER.findall(string) if name}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("command", choices=("extract", "update", "compile", "check"))
    command = parser.parse_args().command
    if command == "extract":
        print("\n".join(str(ids(message)[0]) for message in extract() if message.id))
    if command == "update":
        for language in LANGUAGES:
            update(language)
    if command == "compile":
        for language in LANGUAGES:
            compile_catalog(language)
    if command == "check":
        found = [line for language in LANGUAGES for line in problems(extract(), read_catalog(language))]
        print("\n".join(found), file=sys.stderr)
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
