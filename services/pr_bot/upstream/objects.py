"""Git's objects without git: the same names for the same content, so that a commit is known before it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from services.pr_bot.upstream import CommitText

TREE = "40000"
FILE = "100644"


@dataclass(frozen=True, slots=True)
class Entry:
    """`mode` as git writes it into a tree: `40000` for a directory."""

    mode: str
    sha: str


Listing = Mapping[str, Entry]
"""path -> entry of every file and directory of a commit, the whole tree under ""."""


def blob_sha(content: bytes) -> str:
    return _named("blob", content)


def tree_sha(entries: Mapping[str, Entry]) -> str:
    """Of one directory: name -> entry."""
    # Git orders a directory as if its name ended in a slash.
    ordered = sorted(entries.items(), key=lambda item: f"{item[0]}{'/' * (item[1].mode == TREE)}".encode())
    parts = [f"{entry.mode} {name}".encode() + b"\0" + bytes.fromhex(entry.sha) for name, entry in ordered]
    return _named("tree", b"".join(parts))


def commit_sha(tree: str, parent: str, text: CommitText) -> str:
    who = f"{one_line(text.author)} <{one_line(text.email)}> {text.date_s} +0000"
    head = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n"
    return _named("commit", (head + text.message).encode())


def overlay(listing: Listing, changes: Mapping[str, str | None]) -> dict[str, Entry | None]:
    """Every entry that `changes` (path -> blob's name, None takes a file out) makes another; the whole tree under "".

    None is an entry that goes, also a directory that nothing is left in.
    """
    touched = {folder for path in changes for folder in _folders(path)} | {""}
    children: dict[str, dict[str, Entry]] = {folder: {} for folder in touched}
    for path, entry in listing.items():
        folder, _, name = path.rpartition("/")
        if path and folder in children:
            children[folder][name] = entry
    found: dict[str, Entry | None] = {}
    for path, blob in changes.items():
        found[path] = None if blob is None else Entry(listing[path].mode if path in listing else FILE, blob)
        _put(children, path, found[path])
    for folder in sorted(touched - {""}, key=lambda path: path.count("/"), reverse=True):
        found[folder] = Entry(TREE, tree_sha(children[folder])) if children[folder] else None
        _put(children, folder, found[folder])
    return found | {"": Entry(TREE, tree_sha(children[""]))}


def one_line(text: str) -> str:
    return " ".join(text.translate({ord("<"): " ", ord(">"): " "}).split())


def _put(children: dict[str, dict[str, Entry]], path: str, entry: Entry | None) -> None:
    above, _, name = path.rpartition("/")
    if entry is None:
        children[above].pop(name, None)
    else:
        children[above][name] = entry


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


def _named(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}".encode() + b"\0" + content, usedforsecurity=False).hexdigest()
