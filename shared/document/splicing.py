"""Records in and out of an aggregate file, one JSON array of many models: all other bytes stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.document.comparison import align
from shared.document.faults import too_deep_at
from shared.document.patching import patch, patch_items
from shared.document.places import readable_root
from shared.document.rendering import (
    CANONICAL,
    Layout,
    Part,
    enclosed,
    indent_of,
    inner_layout,
    layout_of,
    rebuild,
    render,
)
from shared.document.tree import Node, after_space, line_column, value_at
from shared.errors import Invalid


def splice(file_text: str, *, name: str, document: str | None) -> str:
    """The file with the records of that model (name compared without case) made to say what the document says.

    Records that are equal already keep their bytes; a changed one is patched where it stands, a further
    variant follows its predecessor, a new model goes last. None removes the model. Raises `Invalid`
    where the file is no JSON array or the document cannot be read.
    """
    root = readable_root(file_text)
    if not root.is_array:
        raise Invalid(
            "aggregate file: expected a JSON array of records, found another value; look at the target branch"
        )
    new = document_nodes(document) if document is not None else []
    slots = [number for number, item in enumerate(root.items) if _is_named(item, name)]
    layout = layout_of(root)
    parts = _parts(root, slots=slots, new=new, layout=layout)
    value = rebuild(root, parts, indent="", layout=layout)
    return file_text[: root.start] + value + file_text[root.end :]


def new_file(document: str) -> str:
    """The canonical text of a file of its own: an array of the document's records, with a final newline."""
    records = [render(node, indent="  ", layout=CANONICAL) for node in document_nodes(document)]
    return enclosed(records, brackets="[]", indent="", layout=CANONICAL) + "\n"


def patch_file(file_text: str, document: str) -> str:
    """A model's own file made to say what the document says; equal records keep their bytes.

    The file stays an array, or a single object as long as the document is one record. Raises `Invalid`.
    """
    root, new = readable_root(file_text), document_nodes(document)
    layout = layout_of(root)
    if root.is_array:
        value = patch_items(root, new, indent="", layout=layout)
    elif root.is_object and len(new) == 1:
        value = patch(root, new[0], indent="", layout=layout)
    else:
        return new_file(document)
    return file_text[: root.start] + value + file_text[root.end :]


def document_nodes(document: str) -> list[Node]:
    """The records of a document; raises `Invalid` where it cannot be read."""
    root = readable_root(document)
    return root.items if root.is_array else [root]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One record of an aggregate file: its name (None where it has none), line, exact text and indentation."""

    name: str | None
    line: int
    text: str
    indent: str


def array_records(file_text: str) -> tuple[list[FileRecord], str]:
    """The file's records up to where it can be read, and what is wrong there ("" where nothing is).

    Records are not judged here: `parse` says what is wrong with the text of one.
    """
    records: list[FileRecord] = []
    at = after_space(file_text, 0)
    if file_text[at : at + 1] != "[":
        return records, "expected a JSON array of records, found none"
    if too_deep_at(file_text) is not None:
        return records, "expected records, found brackets nested too deep to be read"
    at = after_space(file_text, at + 1)
    while file_text[at : at + 1] != "]":
        try:
            node = value_at(file_text, at)
        except ValueError:
            return records, f"line {line_column(file_text, at)[0]}: expected a record that is JSON, found none"
        records.append(_file_record(node))
        at = after_space(file_text, node.end)
        if file_text[at : at + 1] not in {",", "]"}:
            return records, f"line {line_column(file_text, at)[0]}: expected ',' or ']' after a record"
        at = after_space(file_text, at + 1) if file_text[at] == "," else at
    return records, ""


def array_document(records: Sequence[FileRecord]) -> str:
    """The records as a document: a single one at the left margin, several as an array with a final newline."""
    if len(records) == 1:
        return records[0].text.replace("\n" + records[0].indent, "\n")
    return "[\n" + ",\n".join(record.indent + record.text for record in records) + "\n]\n"


def _file_record(node: Node) -> FileRecord:
    name = node.value.get("model_name") if node.is_object else None
    line, _ = line_column(node.text, node.start)
    return FileRecord(name=name if isinstance(name, str) else None, line=line, text=node.raw, indent=indent_of(node))


def _is_named(item: Node, name: str) -> bool:
    found = item.value.get("model_name") if item.is_object else None
    return isinstance(found, str) and found.lower() == name.lower()


def _parts(root: Node, *, slots: Sequence[int], new: Sequence[Node], layout: Layout) -> list[Part]:
    """Every record of the file in its new order."""
    inner, form = inner_layout(root, indent="", layout=layout)
    pairs = dict(align([root.items[slot].value for slot in slots], [node.value for node in new]))
    taken = {j: slots[i] for i, j in pairs.items()}
    written: dict[int, list[Part]] = {}
    place = slots[0] - 1 if slots else len(root.items) - 1
    for j, node in enumerate(new):
        if j in taken:
            place = taken[j]
            text = patch(root.items[place], node, indent=inner, layout=form)
            written.setdefault(place, []).append(Part(text, place))
        else:
            written.setdefault(place, []).append(Part(render(node, indent=inner, layout=form)))
    gone = set(slots)
    parts = list(written.get(-1, []))
    for number, item in enumerate(root.items):
        parts += [] if number in gone else [Part(item.raw, number)]
        parts += written.get(number, [])
    return parts
