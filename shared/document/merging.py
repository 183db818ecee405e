"""Three-way merge of documents, member by member: theirs, edited by what ours changed since the base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.document.comparison import STAMP, canonical, numbered_identities, record_canonical
from shared.document.patching import colon_of, joined_order, patch, patch_items
from shared.document.places import readable_root
from shared.document.rendering import CANONICAL, Layout, Part, enclosed, inner_layout, layout_of, rebuild, render, tidy
from shared.document.tree import Member, Node, pointer_of, root_of


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """Both sides changed one place differently. `path` points into theirs, or to where the member was before.

    `base`, `ours`, `theirs` are JSON texts, None where the side has no such member.
    """

    path: str
    base: str | None
    ours: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class Merge:
    """A clean merge has a `text` and no conflicts; otherwise `text` is None."""

    text: str | None
    conflicts: tuple[MergeConflict, ...] = ()


def merge(base_text: str, ours_text: str, theirs_text: str) -> Merge:
    """Our changes since the base on top of theirs, or what stands against it.

    Variants pair by engine and format, specs by format and sizes, hubs by name; lists of strings merge as
    sets; of two `updated_at` the larger stays. Order is theirs. Raises `Invalid` for unreadable texts.
    """
    base, ours, theirs = (readable_root(text) for text in (base_text, ours_text, theirs_text))
    run = _Merging()
    text = run.documents(base, ours, theirs)
    if run.conflicts:
        return Merge(text=None, conflicts=tuple(run.conflicts))
    return Merge(text=theirs_text[: theirs.start] + text + theirs_text[theirs.end :])


@dataclass(frozen=True, slots=True)
class _Spot:
    """One place of the merge: its pointer's tokens, how text there is laid out, whether a record lies there."""

    tokens: tuple[str | int, ...]
    indent: str
    layout: Layout
    is_record: bool = False

    def inside(self, container: Node, token: str | int) -> _Spot:
        indent, layout = inner_layout(container, indent=self.indent, layout=self.layout)
        return _Spot((*self.tokens, token), indent, layout)


@dataclass(slots=True)
class _Merging:
    conflicts: list[MergeConflict] = field(default_factory=list)

    def documents(self, base: Node, ours: Node, theirs: Node) -> str:
        spot = _Spot((), "", layout_of(theirs))
        records = [node.items if node.is_array else [node] for node in (base, ours, theirs)]
        if not theirs.is_array and all(len(side) == 1 for side in records):
            spot = replace(spot, is_record=True)
            return self._value(records[0][0], records[1][0], records[2][0], spot) or theirs.raw
        parts = None if _only_ours_rearranged(records) else self._records(records, theirs, spot)
        if not parts:
            whole = _unchanged_side_yields(records, theirs, spot)
            return whole if whole is not None else self._conflict(base, ours, theirs, spot) or theirs.raw
        if theirs.is_array:
            return rebuild(theirs, parts, indent="", layout=spot.layout)
        return parts[0].text if len(parts) == 1 else _array([root_of(part.text) for part in parts])

    def _records(self, records: Sequence[Sequence[Node]], theirs: Node, spot: _Spot) -> list[Part] | None:
        if all(len(side) == 1 for side in records):
            inside = replace(spot.inside(theirs, 0), is_record=True)
            text = self._value(records[0][0], records[1][0], records[2][0], inside)
            return [Part(text, 0)] if text is not None else None
        return self._keyed(*records, container=theirs, spot=spot, are_records=True)

    def _value(self, base: Node | None, ours: Node | None, theirs: Node | None, spot: _Spot) -> str | None:
        """The merged value's text as it is to stand in theirs, None where it is gone."""
        if ours is not None and theirs is not None and spot.is_record:
            return self._members(base, ours, theirs, spot)
        said = [_said(node, is_record=spot.is_record) for node in (base, ours, theirs)]
        if said[0] == said[1] or said[1] == said[2]:
            return theirs.raw if theirs else None
        if said[0] == said[2]:
            return _taken(ours, theirs, spot)
        if ours is not None and theirs is not None:
            if ours.is_object and theirs.is_object and (base is None or base.is_object):
                return self._members(base, ours, theirs, spot)
            if ours.is_array and theirs.is_array and (base is None or base.is_array):
                parts = self._items(base.items if base else [], ours.items, theirs, spot)
                if parts is not None:
                    return rebuild(theirs, parts, indent=spot.indent, layout=spot.layout)
        return self._conflict(base, ours, theirs, spot)

    def _members(self, base: Node | None, ours: Node, theirs: Node, spot: _Spot) -> str:
        numbers = {member.key: number for number, member in enumerate(theirs.members)}
        parts = []
        for key in joined_order(list(numbers), list(ours.by_key)):
            mine, yours = ours.by_key.get(key), theirs.by_key.get(key)
            before = base.by_key.get(key) if base and base.is_object else None
            if spot.is_record and key == STAMP:
                text = _newer(mine, yours)
            else:
                text = self._value(_node(before), _node(mine), _node(yours), spot.inside(theirs, key))
            if text is not None and yours is not None:
                parts.append(Part(theirs.text[yours.start : yours.node.start] + text, numbers[key]))
            elif text is not None and mine is not None:
                parts.append(Part(tidy(mine.key_raw) + colon_of(theirs) + text))
        return rebuild(theirs, parts, indent=spot.indent, layout=spot.layout)

    def _items(self, base: Sequence[Node], ours: Sequence[Node], theirs: Node, spot: _Spot) -> list[Part] | None:
        """The parts of a merged list; None where its items can be told apart neither as texts nor by identity."""
        sides = (base, ours, theirs.items)
        if all(_is_set(side) for side in sides):
            return _merged_set(base, ours, theirs)
        return self._keyed(base, ours, theirs.items, container=theirs, spot=spot)

    def _keyed(
        self,
        base: Sequence[Node],
        ours: Sequence[Node],
        theirs: Sequence[Node],
        *,
        container: Node,
        spot: _Spot,
        are_records: bool = False,
    ) -> list[Part] | None:
        keyed = _by_identity((base, ours, theirs))
        if keyed is None:
            return None
        parts = []
        for key in joined_order(list(keyed[2]), list(keyed[1])):
            found = [side.get(key) for side in keyed]
            number = next(n for n in (found[2], found[0], found[1]) if n is not None)
            nodes = [side[n] if n is not None else None for side, n in zip((base, ours, theirs), found, strict=True)]
            inside = replace(spot.inside(container, number) if container.is_array else spot, is_record=are_records)
            text = self._value(nodes[0], nodes[1], nodes[2], inside)
            if text is not None:
                parts.append(Part(text, found[2]))
        return parts

    def _conflict(self, base: Node | None, ours: Node | None, theirs: Node | None, spot: _Spot) -> str | None:
        raws = [node.raw if node else None for node in (base, ours, theirs)]
        self.conflicts.append(MergeConflict(pointer_of(spot.tokens), base=raws[0], ours=raws[1], theirs=raws[2]))
        return raws[2]


def _contents(records: Sequence[Sequence[Node]]) -> list[list[str | None]]:
    return [[_said(node, is_record=True) for node in side] for side in records]


def _only_ours_rearranged(records: Sequence[Sequence[Node]]) -> bool:
    """Whether theirs is the base still, and ours has other records or another order of them."""
    base, _, theirs = _contents(records)
    identities = [numbered_identities([node.value for node in side]) for side in records]
    return base == theirs and len(records[1]) + len(records[2]) > 2 and identities[1] != identities[2]


def _unchanged_side_yields(records: Sequence[Sequence[Node]], theirs: Node, spot: _Spot) -> str | None:
    """The other side's document where one side is the base still or both say the same; else None."""
    base, ours, yours = _contents(records)
    if ours in (base, yours):
        return theirs.raw
    if base != yours:
        return None
    return patch_items(theirs, records[1], indent="", layout=spot.layout) if theirs.is_array else _array(records[1])


def _array(records: Sequence[Node]) -> str:
    texts = [render(node, indent=CANONICAL.unit, layout=CANONICAL) for node in records]
    return enclosed(texts, brackets="[]", indent="", layout=CANONICAL)


def _node(member: Member | None) -> Node | None:
    return member.node if member else None


def _said(node: Node | None, *, is_record: bool) -> str | None:
    if node is None:
        return None
    return record_canonical(node.value) if is_record and node.is_object else canonical(node.value)


def _taken(ours: Node | None, theirs: Node | None, spot: _Spot) -> str | None:
    if ours is None:
        return None
    if theirs is None:
        return render(ours, indent=spot.indent, layout=spot.layout)
    return patch(theirs, ours, indent=spot.indent, layout=spot.layout)


def _newer(ours: Member | None, theirs: Member | None) -> str | None:
    if ours is None or theirs is None:
        kept = ours or theirs
        return kept.node.raw if kept else None
    if type(ours.node.value) is int and type(theirs.node.value) is int and ours.node.value > theirs.node.value:
        return ours.node.raw
    return theirs.node.raw


def _is_set(items: Sequence[Node]) -> bool:
    texts = [item.value for item in items]
    return all(isinstance(text, str) for text in texts) and len(set(texts)) == len(texts)


def _merged_set(base: Sequence[Node], ours: Sequence[Node], theirs: Node) -> list[Part]:
    before, mine = {item.value for item in base}, {item.value: item for item in ours}
    numbers = {item.value: number for number, item in enumerate(theirs.items)}
    kept = [text for text in numbers if text in mine or text not in before]
    added = [text for text in mine if text in numbers or text not in before]
    return [
        Part(theirs.items[numbers[text]].raw, numbers[text]) if text in numbers else Part(tidy(mine[text].raw))
        for text in joined_order(kept, added)
    ]


def _by_identity(sides: Sequence[Sequence[Node]]) -> list[dict[tuple[str, int], int]] | None:
    """Identity -> index, a side each; None where an item has none, or equals of one are not the same number."""
    values: list[list[Any]] = [[item.value for item in side] for side in sides]
    keyed = [{key: number for number, key in enumerate(numbered_identities(side))} for side in values]
    counts = [Counter(identity for identity, _ in side) for side in keyed]
    for identity in set().union(*counts):
        found = {count[identity] for count in counts}
        if not identity or (max(found) > 1 and len(found) > 1):
            return None
    return keyed
