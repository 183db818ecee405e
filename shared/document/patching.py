"""Making one text say what another says, with as few changed lines as git could show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from shared.document.comparison import align, canonical
from shared.document.rendering import Layout, Part, inner_layout, rebuild, render, tidy
from shared.document.tree import Member, Node

Key = TypeVar("Key")


def patch(old: Node, new: Node, *, indent: str, layout: Layout) -> str:
    """The old value's text, changed where it says otherwise than the new one: equal as JSON to the new one.

    What is equal keeps its bytes, members keep the old order, new ones follow their predecessor.
    """
    if canonical(old.value) == canonical(new.value):
        return old.raw
    if old.is_object and new.is_object:
        return _patch_object(old, new, indent=indent, layout=layout)
    if old.is_array and new.is_array:
        return patch_items(old, new.items, indent=indent, layout=layout)
    return render(new, indent=indent, layout=layout)


def _patch_object(old: Node, new: Node, *, indent: str, layout: Layout) -> str:
    inner, inner_form = inner_layout(old, indent=indent, layout=layout)
    numbers = {member.key: number for number, member in enumerate(old.members)}
    parts = []
    for key in keys_in_order([member.key for member in old.members], [member.key for member in new.members]):
        wanted = new.by_key[key]
        if key not in numbers:
            parts.append(Part(new_member(wanted, like=old, indent=inner, layout=inner_form)))
            continue
        mine = old.members[numbers[key]]
        value = patch(mine.node, wanted.node, indent=inner, layout=inner_form)
        parts.append(Part(old.text[mine.start : mine.node.start] + value, numbers[key]))
    return rebuild(old, parts, indent=indent, layout=layout)


def new_member(member: Member, *, like: Node, indent: str, layout: Layout) -> str:
    """A member taken over from another text, with the colon as the object writes it."""
    return tidy(member.key_raw) + colon_of(like) + render(member.node, indent=indent, layout=layout)


def colon_of(node: Node) -> str:
    """The colon with its spaces, as the object's last member has it."""
    return node.members[-1].colon if node.members else ": "


def keys_in_order(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The new keys: those known before in the old order, each further one after its predecessor in the new."""
    wanted = set(new)
    return joined_order([key for key in old if key in wanted], new)


def joined_order(first: Sequence[Key], second: Sequence[Key]) -> list[Key]:
    """All of the first in its order; what only the second has follows what it follows there."""
    known = set(first)
    anchor: Key | None = None
    followers: dict[Key | None, list[Key]] = {}
    for key in second:
        if key in known:
            anchor = key
        else:
            followers.setdefault(anchor, []).append(key)
    order = list(followers.get(None, []))
    for key in first:
        order += [key, *followers.get(key, [])]
    return order


def patch_items(old: Node, new: Sequence[Node], *, indent: str, layout: Layout) -> str:
    """The array with the new items in their order; items that pair with an old one are patched, not rewritten."""
    inner, inner_form = inner_layout(old, indent=indent, layout=layout)
    pairs = {j: i for i, j in align([item.value for item in old.items], [node.value for node in new])}
    parts = [
        Part(patch(old.items[pairs[j]], node, indent=inner, layout=inner_form), pairs[j])
        if j in pairs
        else Part(render(node, indent=inner, layout=inner_form))
        for j, node in enumerate(new)
    ]
    return rebuild(old, parts, indent=indent, layout=layout)
