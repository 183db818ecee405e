"""What the newest revisions changed, in a line each: asked for together, and each once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from gateway.auth import read_caller
from gateway.clients import calls
from gateway.revision_summary import Part, parts_of, said
from shared.contracts.catalog import ModelDetail, ReadRevisionChanges, RevisionRow

SUMMARIZED, SUMMARIZED_LONG, LONG = 20, 3, 200_000
"""How many revisions say in a line what they changed, and how many of a document of that many characters."""
_KEPT = 4096

_Key = tuple[str, int, str, int, str]


class _Comparisons:
    """The last ones that were made: what is submitted never changes again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, tuple[Part, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def among(self, keys: Sequence[_Key]) -> dict[_Key, tuple[Part, ...]]:
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def keep(self, made: Mapping[_Key, tuple[Part, ...]]) -> None:
        with self._lock:
            self._kept.update(made)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_comparisons = _Comparisons(_KEPT)


def changes_said(model: ModelDetail, rows: Sequence[RevisionRow]) -> dict[int, list[tuple[str, str]]]:
    """By revision, what the newest ones changed; those whose base the reader sees, drafts left out."""
    keys = list(_keys(model, rows))
    known = _comparisons.among(keys)
    if missing := {key[1]: key for key in keys if key not in known}:
        asked = ReadRevisionChanges(name=model.name, revisions=list(missing))
        found = calls().catalog.revision_changes(asked, read_caller()).items
        made = {missing[each.revision]: parts_of(each.places) for each in found}
        _comparisons.keep(made)
        known |= made
    return {key[1]: list(said(known[key])) for key in keys if key in known}


def _keys(model: ModelDetail, rows: Sequence[RevisionRow]) -> list[_Key]:
    """(model, revision, its hash, base, the base's hash) of those that are compared."""
    shown = {row.revision: row for row in rows}
    newest = rows[: SUMMARIZED if len(model.document) < LONG else SUMMARIZED_LONG]
    return [
        (model.name.lower(), row.revision, row.document_sha256, base.revision, base.document_sha256)
        for row in newest
        if (base := shown.get(row.base_revision)) is not None
        and row.state != "draft"
        and row.document_sha256 != base.document_sha256
    ]
