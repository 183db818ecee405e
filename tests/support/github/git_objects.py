"""Trees and commits as git writes them, from what GitHub's git data API is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.github.answering import Refused, invalid
from tests.support.github.bare_repository import BareRepository

KINDS = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}


@dataclass(frozen=True, slots=True)
class Entry:
    """`mode` of six digits."""

    mode: str
    sha: str

    @property
    def kind(self) -> str:
        return KINDS.get(self.mode, "blob")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """`seconds` Unix; `zone` as git writes it."""

    name: str
    email: str
    seconds: int
    zone: str = "+0000"

    @property
    def date(self) -> str:
        return iso(self.seconds)

    def line(self) -> str:
        return f"{self.name} <{self.email}> {self.seconds} {self.zone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitObject:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tree_entries(repository: BareRepository, sha: str) -> dict[str, Entry]:
    """Name -> entry of one tree; Refused where there is none."""
    found = repository.read(sha)
    if found is None or found[0] != "tree":
        raise Refused(404, "Not Found")
    content, entries, at = found[1], {}, 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        entry = Entry(content[at:space].decode().zfill(6), content[end + 1 : end + 21].hex())
        entries[content[space + 1 : end].decode()] = entry
        at = end + 21
    return entries


def walk(repository: BareRepository, sha: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
    """Every path below a tree, folders too, in git's order."""
    for name, entry in tree_entries(repository, sha).items():
        yield prefix + name, entry
        if entry.kind == "tree":
            yield from walk(repository, entry.sha, f"{prefix}{name}/")


def find(repository: BareRepository, tree: str, path: str) -> Entry | None:
    entry = Entry("040000", tree)
    for part in [part for part in path.split("/") if part]:
        if entry.kind != "tree":
            return None
        below = tree_entries(repository, entry.sha).get(part)
        if below is None:
            return None
        entry = below
    return entry


def write_tree(repository: BareRepository, entries: Mapping[str, Entry]) -> str:
    # Git sorts folders as if their names ended with a slash.
    ordered = sorted(entries.items(), key=lambda pair: (pair[0] + ("/" if pair[1].kind == "tree" else "")).encode())
    content = b"".join(
        f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.sha) for name, entry in ordered
    )
    return repository.write("tree", content)


def edited_tree(repository: BareRepository, base: str | None, changes: Sequence[Mapping[str, Any]]) -> str:
    """The tree `base` with the API's entries laid over it; a null SHA removes."""
    nested: dict[str, Any] = {}
    for change in changes:
        path = str(change.get("path", ""))
        if not path or path.startswith("/") or any(part in ("", ".", "..", ".git") for part in path.split("/")):
            raise invalid("tree.path contains a malformed path component", field="tree", resource="Tree")
        *folders, name = path.split("/")
        level = nested
        for folder in folders:
            if not isinstance(level.get(folder), dict):
                level[folder] = {}
            level = level[folder]
        level[name] = _entry(repository, change)
    made = _laid_over(repository, base, nested)
    return made if made is not None else write_tree(repository, {})


def _entry(repository: BareRepository, change: Mapping[str, Any]) -> Entry | None:
    mode = str(change.get("mode", ""))
    if mode not in KINDS:
        raise Refused(422, "Must supply a valid tree.mode")
    if "content" in change:
        if "sha" in change:
            raise Refused(422, "Must supply either tree.sha or tree.content")
        return Entry(mode, repository.write("blob", str(change["content"]).encode()))
    if "sha" not in change:
        raise Refused(422, "Must supply tree.sha or tree.content")
    sha = change["sha"]
    if sha is None:
        return None
    if KINDS[mode] != "commit" and repository.kind(sha) != KINDS[mode]:
        raise Refused(422, f"tree.sha {sha} is not a valid {KINDS[mode]}")
    return Entry(mode, sha)


def _laid_over(repository: BareRepository, base: str | None, changes: Mapping[str, Any]) -> str | None:
    """None where nothing is left: git has no empty folders."""
    entries = tree_entries(repository, base) if base else {}
    for name, change in changes.items():
        if isinstance(change, dict):
            old = entries.get(name)
            below = _laid_over(repository, old.sha if old and old.kind == "tree" else None, change)
            if below is None:
                entries.pop(name, None)
            else:
                entries[name] = Entry("040000", below)
        elif change is None:
            if name not in entries:
                raise Refused(422, "GitRPC::BadObjectState")
            del entries[name]
        else:
            entries[name] = change
    return write_tree(repository, entries) if entries else None


def write_commit(
    repository: BareRepository,
    *,
    tree: str,
    parents: Sequence[str],
    author: Signature,
    committer: Signature,
    message: str,
) -> str:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author.line()}", f"committer {committer.line()}"]
    return repository.write("commit", "\n".join(lines).encode() + b"\n\n" + message.encode())


def commit_of(repository: BareRepository, sha: str) -> CommitObject | None:
    found = repository.read(sha)
    if found is None or found[0] != "commit":
        return None
    head, _, message = found[1].decode("utf-8", "replace").partition("\n\n")
    fields = [line.partition(" ") for line in head.split("\n") if not line.startswith(" ")]
    values = {key: value for key, _, value in fields}
    return CommitObject(
        sha=sha,
        tree=values["tree"],
        parents=tuple(value for key, _, value in fields if key == "parent"),
        author=_signature(values["author"]),
        committer=_signature(values["committer"]),
        message=message,
    )


def _signature(line: str) -> Signature:
    found = re.fullmatch(r"(.*?) ?<([^>]*)> (\d+) ([+-]\d{4})", line)
    assert found is not None, line
    return Signature(name=found[1], email=found[2], seconds=int(found[3]), zone=found[4])


def signature_from(given: Mapping[str, Any], *, now: float) -> Signature:
    """What the API is told of an author; brackets and line ends cannot be in a name."""
    missing = [key for key in ("name", "email") if not given.get(key)]
    if missing:
        raise Refused(422, f'Invalid request.\n\n"{missing[0]}" wasn\'t supplied.')
    seconds, zone = int(now), "+0000"
    if date := given.get("date"):
        try:
            moment = datetime.fromisoformat(str(date))
        except ValueError as error:
            raise Refused(422, f"Invalid request.\n\n{date} is not a valid date-time.") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds, zone = int(moment.timestamp()), moment.strftime("%z")[:5]
    clean = {key: re.sub(r"[<>\n\0]", "", str(given[key])).strip() for key in ("name", "email")}
    return Signature(name=clean["name"], email=clean["email"], seconds=seconds, zone=zone)
