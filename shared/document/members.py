"""Single members set and removed in a text, and the stamp: nothing but their own bytes changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from shared.document.comparison import STAMP, record_canonical
from shared.document.parsing import strict_root, strict_value
from shared.document.patching import colon_of, patch
from shared.document.places import readable_root, tokens_of
from shared.document.rendering import Part, indent_of, inner_layout, layout_of, rebuild, render
from shared.document.tree import Node
from shared.errors import Invalid, NotFound

Edit = tuple[int, int, str]
"""(start, end, new text) in a text."""


def set_member(text: str, pointer: str, raw_json: str) -> str:
    """The text with the value the pointer names spelled as `raw_json`; a missing member or `/-` goes last.

    Raises `Invalid` where text or value is no acceptable JSON, `NotFound` where the parent is missing.
    """
    strict_value(raw_json)
    raw = raw_json.strip(" \t\r\n")
    root, tokens = readable_root(text), tokens_of(pointer)
    if not tokens:
        return _edited(text, [(root.start, root.end, raw)])
    parent = _parent(root, tokens, pointer=pointer)
    if parent.is_array and parent.child(tokens[-1]) is None and tokens[-1] not in {"-", str(len(parent.items))}:
        raise NotFound(f"document: expected an item at {pointer} or '-' to append, found {len(parent.items)} items")
    return _edited(text, [_setting(root, parent, tokens[-1], raw)])


def write_member(text: str, pointer: str, raw_json: str, *, order: Sequence[str] = ()) -> str:
    """The text saying that value at the pointer, with as few changed bytes as its own layout allows.

    Parts of the old value that are in the new one keep their bytes. A missing member takes the place
    that `order` gives it, last where that says nothing; an item `/-` goes last. Raises as `set_member` does.
    """
    new = strict_root(raw_json)
    root, tokens = readable_root(text), tokens_of(pointer)
    layout = layout_of(root)
    if not tokens:
        return _edited(text, [(root.start, root.end, patch(root, new, indent=indent_of(root), layout=layout))])
    parent = _parent(root, tokens, pointer=pointer)
    old = parent.child(tokens[-1])
    if old is not None:
        return _edited(text, [(old.start, old.end, patch(old, new, indent=indent_of(old), layout=layout))])
    if parent.is_array and tokens[-1] not in {"-", str(len(parent.items))}:
        raise NotFound(f"document: expected an item at {pointer} or '-' to append, found {len(parent.items)} items")
    indent = indent_of(parent)
    inner, form = inner_layout(parent, indent=indent, layout=layout)
    key = json.dumps(tokens[-1], ensure_ascii=False) + colon_of(parent) if parent.is_object else ""
    parts = _parts(parent)
    parts.insert(_place(parent, tokens[-1], order=order), Part(key + render(new, indent=inner, layout=form)))
    return _edited(text, [(parent.start, parent.end, rebuild(parent, parts, indent=indent, layout=layout))])


def _place(parent: Node, key: str, *, order: Sequence[str]) -> int:
    """Where a new member goes: behind the last that `order` names before it, else before the first it names after."""
    if key not in order or not parent.is_object:
        return len(parent.spans)
    before, after = set(order[: order.index(key)]), set(order[order.index(key) + 1 :])
    known = {number: member.key for number, member in enumerate(parent.members)}
    if behind := [number + 1 for number, each in known.items() if each in before]:
        return behind[-1]
    return next((number for number, each in known.items() if each in after), len(known))


def remove_member(text: str, pointer: str) -> str:
    """The text without the member or item the pointer names, and without its comma; raises `NotFound`, `Invalid`."""
    root, tokens = readable_root(text), tokens_of(pointer)
    if not tokens:
        raise Invalid("document: expected a pointer to a member, found '', the whole document", slug="invalid-pointer")
    parent = _parent(root, tokens, pointer=pointer)
    if parent.child(tokens[-1]) is None:
        raise NotFound(f"document: expected a member at {pointer}, found none")
    return _edited(text, [_removal(root, parent, tokens[-1])])


def stamp(text: str, updated_at: int, *, base_text: str | None) -> str:
    """The document with `updated_at` set on the records that differ from every record of the base.

    A record equal to one of the base but for `updated_at` gets exactly the base's spelling of it, missing
    included. An existing value is replaced, a missing one goes last in the record's own style.
    Raises `Invalid` where a text cannot be read.
    """
    root, waiting = readable_root(text), _base_stamps(base_text)
    edits = []
    for record in root.items if root.is_array else [root]:
        found = waiting.get(record_canonical(record.value), [])
        raw = found.pop(0) if found else str(updated_at)
        if raw is not None:
            edits.append(_setting(root, record, STAMP, raw))
        elif STAMP in record.by_key:
            edits.append(_removal(root, record, STAMP))
    return _edited(text, edits)


def _base_stamps(base_text: str | None) -> dict[str, list[str | None]]:
    """Content of each base record -> the `updated_at` spelled in those that say it, in order."""
    found: dict[str, list[str | None]] = {}
    if base_text is None:
        return found
    root = readable_root(base_text)
    for record in root.items if root.is_array else [root]:
        member = record.by_key.get(STAMP)
        found.setdefault(record_canonical(record.value), []).append(member.node.raw if member else None)
    return found


def _parent(root: Node, tokens: list[str], *, pointer: str) -> Node:
    node: Node | None = root
    for token in tokens[:-1]:
        node = node.child(token) if node else None
    if node is None or not (node.is_object or node.is_array):
        raise NotFound(f"document: expected an object or array above {pointer}, found none")
    return node


def _setting(root: Node, parent: Node, token: str, raw: str) -> Edit:
    node = parent.child(token)
    if node is not None:
        return node.start, node.end, raw
    key = json.dumps(token, ensure_ascii=False) + colon_of(parent) if parent.is_object else ""
    parts = [*_parts(parent), Part(key + raw)]
    return parent.start, parent.end, rebuild(parent, parts, indent=indent_of(parent), layout=layout_of(root))


def _removal(root: Node, parent: Node, token: str) -> Edit:
    gone = [member.key for member in parent.members].index(token) if parent.is_object else int(token)
    parts = [part for part in _parts(parent) if part.old != gone]
    return parent.start, parent.end, rebuild(parent, parts, indent=indent_of(parent), layout=layout_of(root))


def _parts(parent: Node) -> list[Part]:
    return [Part(parent.text[start:end], number) for number, (start, end) in enumerate(parent.spans)]


def _edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap, given in rising order."""
    pieces, at = [], 0
    for start, end, new in edits:
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])
