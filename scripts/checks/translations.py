"""Every text is there in every language, checked by a person (no fuzzy guess), with the same placeholders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po


def _faults(catalog: Catalog) -> Iterator[tuple[Message, str]]:
    for message in catalog:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if not all(texts):
            yield message, "not translated"
        elif message.fuzzy:
            yield message, "fuzzy: nobody has looked at it"
    for message, errors in catalog.check():
        yield from ((message, str(error)) for error in errors)


def problems(root: Path) -> list[str]:
    """One sentence for each text of each catalogue that is not ready."""
    found = []
    for path in sorted(root.glob("gateway/translations/*/LC_MESSAGES/*.po")):
        with path.open("rb") as file:
            catalog = read_po(file)
        for message, fault in _faults(catalog):
            text = message.id if isinstance(message.id, str) else message.id[0]
            found.append(f"{path.relative_to(root)}:{message.lineno or 0}: {text!r}: {fault}")
    return found
