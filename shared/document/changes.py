"""What changed between two documents, field by field, as a person would say it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.document.comparison import canonical, identity_of, numbered_identities
from shared.document.patching import joined_order
from shared.document.places import readable_root
from shared.document.tree import Member, Node, pointer_of

Op = Literal["add", "remove", "change"]
SHORT_FORMATS = {"ggufv2": "GGUF v2", "pytorch": "PyTorch", "diffusers": "Diffusers"}
SEPARATOR = " · "


@dataclass(frozen=True, slots=True)
class Change:
    """One field's change. `path` points into the new document, for `remove` into the old one.

    `before` and `after` are JSON texts, None where the side has none; `label` names the place for people
    ("FP4, 32 B · huggingface · quantizations").
    """

    path: str
    op: Op
    before: str | None
    after: str | None
    label: str


def diff_by_field(before_text: str | None, after_text: str) -> list[Change]:
    """The changes in the new document's order; removals follow what they stood beside.

    Variants and specs are matched by what they are (engine, format, sizes), hubs by name, lists of strings
    as sets: one insertion is one change. Against None every member is an addition. Raises `Invalid`.
    """
    after = readable_root(after_text)
    before = readable_root(before_text) if before_text is not None else None
    run = _Diff()
    run.documents(before, after)
    return run.changes


@dataclass(frozen=True, slots=True)
class _At:
    """The same place on both sides: its tokens there and here, and its label's parts."""

    old: tuple[str | int, ...] = ()
    new: tuple[str | int, ...] = ()
    labels: tuple[str, ...] = ()

    def inside(self, old: str | int, new: str | int, label: str) -> _At:
        labels = (*self.labels, label) if label else self.labels
        return _At((*self.old, old), (*self.new, new), labels)


@dataclass(slots=True)
class _Diff:
    changes: list[Change] = field(default_factory=list)

    def documents(self, before: Node | None, after: Node) -> None:
        old, new = _records(before), _records(after)
        many = len(old) > 1 or len(new) > 1
        for i, j in _paired(old, new):
            was, now = _at_index(old, i), _at_index(new, j)
            label = _label(name_of_variant, now, was) if many else ""
            at = _At(
                (i or 0,) if before is not None and before.is_array else (),
                (j or 0,) if after.is_array else (),
                (label,) if label else (),
            )
            if was is None and now is not None and before is None:
                self._members(None, now, at)
            else:
                self._value(was, now, at)

    def _value(self, before: Node | None, after: Node | None, at: _At) -> None:
        if before is not None and after is not None:
            if canonical(before.value) == canonical(after.value):
                return
            if before.is_object and after.is_object:
                self._members(before, after, at)
                return
        if _is_list(before) and _is_list(after) and self._lists(_items(before), _items(after), at):
            return
        self._note(before, after, at)

    def _members(self, before: Node | None, after: Node, at: _At) -> None:
        old = before.by_key if before else {}
        for key in joined_order(list(after.by_key), list(old)):
            was, now = old.get(key), after.by_key.get(key)
            label = "" if key in {"model_specs", "model_src"} and _has_parts(was or now) else key
            self._value(was.node if was else None, now.node if now else None, at.inside(key, key, label))

    def _lists(self, old: Sequence[Node], new: Sequence[Node], at: _At) -> bool:
        """Whether the lists could be told apart part by part; their changes are noted then."""
        if not old and not new:
            return False
        if _are_texts(old) and _are_texts(new):
            keys = [[(item.value, 0) for item in side] for side in (old, new)]
        elif _are_known(old, new):
            keys = [numbered_identities([item.value for item in side]) for side in (old, new)]
        else:
            return False
        where = [{key: number for number, key in enumerate(side)} for side in keys]
        for key in joined_order(list(where[1]), list(where[0])):
            i, j = where[0].get(key), where[1].get(key)
            was, now = _at_index(old, i), _at_index(new, j)
            self._value(was, now, at.inside(i or 0, j or 0, _label(name_of_spec, now, was)))
        kept = [key for key in keys[0] if key in where[1]], [key for key in keys[1] if key in where[0]]
        if kept[0] != kept[1] and not _are_texts(new):
            names = [
                [name_of_spec(side[w[key]].value) for key in k]
                for side, w, k in zip((old, new), where, kept, strict=True)
            ]
            self._order(names[0], names[1], at)
        return True

    def _order(self, old: Sequence[str], new: Sequence[str], at: _At) -> None:
        before, after = (json.dumps(names, ensure_ascii=False) for names in (old, new))
        label = SEPARATOR.join((*at.labels, "order"))
        self.changes.append(Change(path=pointer_of(at.new), op="change", before=before, after=after, label=label))

    def _note(self, before: Node | None, after: Node | None, at: _At) -> None:
        op: Op = "add" if before is None else "remove" if after is None else "change"
        self.changes.append(
            Change(
                path=pointer_of(at.old if after is None else at.new),
                op=op,
                before=before.raw if before else None,
                after=after.raw if after else None,
                label=SEPARATOR.join(at.labels),
            )
        )


def name_of_variant(value: Any) -> str:
    """A record among variants: "MLX, mlx"; with its cache name where it has one; empty where nothing tells it."""
    found = [value.get(key) for key in ("engine", "model_format", "cache_name")] if isinstance(value, dict) else []
    return ", ".join(text for text in found if isinstance(text, str) and text)


def name_of_spec(value: Any) -> str:
    """A spec: "FP4, 32 B (3 B active)"; empty for what is none."""
    if not isinstance(value, dict):
        return ""
    model_format, size = value.get("model_format"), _size(value.get("model_size_in_billions"))
    words = [_format(model_format)] if isinstance(model_format, str) else []
    active = _size(value.get("activated_size_in_billions"))
    if size:
        words.append(f"{size} ({active} active)" if active else size)
    if not words and isinstance(value.get("model_name"), str):
        words.append(value["model_name"])
    return ", ".join(words)


def _format(name: str) -> str:
    return SHORT_FORMATS.get(name) or (name.upper() if len(name) <= 5 else name)


def _size(value: Any) -> str:
    if isinstance(value, str):
        value = re.sub(r"^([0-9]+)_([0-9]+)$", r"\1.\2", value)
    return f"{value} B" if isinstance(value, str | int | float) and not isinstance(value, bool) and value else ""


def _label(namer: Callable[[Any], str], *nodes: Node | None) -> str:
    return next((namer(node.value) for node in nodes if node is not None), "")


def _records(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.items if node.is_array else [node]


def _paired(old: Sequence[Node], new: Sequence[Node]) -> list[tuple[int | None, int | None]]:
    """Records that are the same variant, by identity, a lone pair in any case; then those on one side only."""
    if len(old) == len(new) == 1:
        return [(0, 0)]
    where = [
        {key: number for number, key in enumerate(numbered_identities([node.value for node in side]))}
        for side in (old, new)
    ]
    order = joined_order(list(where[1]), list(where[0]))
    return [(where[0].get(key), where[1].get(key)) for key in order]


def _at_index(nodes: Sequence[Node], index: int | None) -> Node | None:
    return nodes[index] if index is not None else None


def _is_list(node: Node | None) -> bool:
    return node is None or node.is_array


def _items(node: Node | None) -> list[Node]:
    return node.items if node else []


def _has_parts(member: Member | None) -> bool:
    """Whether the container's parts carry names of their own, so that its own key says nothing more."""
    return member is not None and bool(member.node.spans)


def _are_texts(items: Sequence[Node]) -> bool:
    texts = [item.value for item in items]
    return all(isinstance(text, str) for text in texts) and len(set(texts)) == len(texts)


def _are_known(old: Sequence[Node], new: Sequence[Node]) -> bool:
    """Whether every item has an identity, and equals of one stand in the same number on both sides."""
    counts = [Counter(identity_of(item.value) for item in side) for side in (old, new)]
    for identity in set().union(*counts):
        found = {count[identity] for count in counts}
        if not identity or (max(found) > 1 and len(found) > 1):
            return False
    return True
