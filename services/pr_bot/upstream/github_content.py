"""Blobs, trees and commits of one GitHub repository: read once, for they never change, and made in two calls."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.pr_bot.upstream import Commit, CommitText, TokenRefused, UpstreamFailed
from services.pr_bot.upstream.github_calls import GitHubCalls, path_of
from services.pr_bot.upstream.kept import Kept
from services.pr_bot.upstream.objects import TREE, Entry, Listing, blob_sha, commit_sha, one_line, overlay

_TEXT_CHARS_KEPT = 64_000_000
_LISTINGS_KEPT = 8
_COMMITS_KEPT = 4096
_BUILT_CHARS_KEPT = 32_000_000
# Longer ones go as blobs of their own.
_INLINE_CHARS = 500_000
# Files of one model each. Fewer of them are sooner asked for one by one, and free of GraphQL's own limit.
_SMALL = re.compile(r"xinference/model/[^/]+/models/[^/]+\.json")
_WORTH_ONE_CALL = 4
_AT_ONCE = 100
_REPOSITORY = "repository(owner: $owner, name: $name)"
_BLOB = "__typename ... on Blob { oid text }"
_ROOMS = ("xinference", "xinference/model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A commit that is known before GitHub has it. `files`: path -> new text, None where it goes.

    `entries` are those that differ from the base's.
    """

    base: str
    files: Mapping[str, str | None]
    entries: Mapping[str, Entry | None]
    text: CommitText

    @property
    def tree(self) -> str:
        whole = self.entries[""]
        return whole.sha if whole else ""

    def weight(self) -> int:
        return sum(len(text or "") for text in self.files.values()) + 1000


class Content:
    """What the adapters of one repository have read and built, whoever asked."""

    def __init__(self) -> None:
        self.texts: Kept[str, str] = Kept(most=_TEXT_CHARS_KEPT, weigh=len)
        self.listings: Kept[str, Listing] = Kept(most=_LISTINGS_KEPT)
        self.commits: Kept[str, Commit] = Kept(most=_COMMITS_KEPT)
        self.built: Kept[str, Built] = Kept(most=_BUILT_CHARS_KEPT, weigh=Built.weight)
        self.read_ahead: Kept[str, bool] = Kept(most=_COMMITS_KEPT)
        self.made: Kept[tuple[str, str], bool] = Kept(most=_COMMITS_KEPT)

    def keep_built(self, built: Built) -> str:
        """Its name."""
        sha = commit_sha(built.tree, built.base, built.text)
        self.built.keep(sha, built)
        return sha


class ContentReader:
    """Reads with one account, from the first of `repositories` that has it; `owner/name` each."""

    def __init__(self, content: Content, calls: GitHubCalls, repositories: Sequence[str]) -> None:
        self._content = content
        self._calls = calls
        self.repositories = repositories

    def listing(self, commit: str) -> Listing:
        found = self._content.listings.get(commit)
        if found is None:
            found = self._content.listings.keep(commit, self._listed(commit))
        return found

    def entry(self, commit: str, path: str) -> Entry | None:
        """Of a commit that was only just built, too."""
        if (built := self._content.built.get(commit)) is None:
            return self.listing(commit).get(path)
        return built.entries[path] if path in built.entries else self.entry(built.base, path)

    def text(self, commit: str, path: str) -> str | None:
        entry = self.entry(commit, path)
        if entry is None or entry.mode == TREE:
            return None
        found = self._content.texts.get(entry.sha)
        if found is None and _is_small(path):
            self._read_ahead(commit)
            found = self._content.texts.get(entry.sha)
        return found if found is not None else self._content.texts.keep(entry.sha, self._text(entry.sha, path))

    def _read_ahead(self, commit: str) -> None:
        """Whoever reads one of the catalogue's small files reads them all: many at once, where many are missing."""
        if self._content.built.get(commit) is not None or self._content.read_ahead.get(commit):
            return
        self._content.read_ahead.keep(commit, True)
        named = {entry.sha for path, entry in self.listing(commit).items() if _is_small(path)}
        missing = sorted(sha for sha in named if self._content.texts.get(sha) is None)
        if len(missing) < _WORTH_ONE_CALL:
            return
        owner, _, name = self.repositories[0].partition("/")
        for start in range(0, len(missing), _AT_ONCE):
            blobs = [f'b{sha}: object(oid: "{sha}") {{ {_BLOB} }}' for sha in missing[start : start + _AT_ONCE]]
            query = f"query($owner: String!, $name: String!) {{ {_REPOSITORY} {{ {' '.join(blobs)} }} }}"
            try:
                data = self._calls.query(query, owner=owner, name=name)
            except (UpstreamFailed, TokenRefused):
                return  # what is still missing is read file by file
            for blob in ((data or {}).get("repository") or {}).values():
                text = (blob or {}).get("text")
                # GitHub cuts long ones, and replaces what is no UTF-8.
                if isinstance(text, str) and blob_sha(text.encode()) == blob["oid"]:
                    self._content.texts.keep(blob["oid"], text)

    def changed(self, before: str, after: str) -> Sequence[str]:
        built = self._content.built.get(after)
        if built is not None and built.base == before:
            return sorted(path for path in built.files if self.entry(before, path) != self.entry(after, path))
        old, new = self.listing(before), self.listing(after)
        different = (path for path in {*old, *new} if old.get(path) != new.get(path))
        return sorted(path for path in different if TREE not in _modes(old, new, path))

    def commit(self, sha: str) -> Commit:
        found = self._content.commits.get(sha)
        if found is None:
            data = self._object("commits", sha)
            found = self._content.commits.keep(sha, _commit(data))
        return found

    def build(self, base: str, changes: Mapping[str, str | None], text: CommitText) -> str:
        """The commit's name; nothing is sent."""
        named = {path: None if new is None else blob_sha(new.encode()) for path, new in changes.items()}
        entries = overlay(self.listing(base), named)
        for path, blob in named.items():
            if blob is not None:
                self._content.texts.keep(blob, changes[path] or "")
        built = Built(base=base, files=dict(changes), entries=entries, text=text)
        sha = self._content.keep_built(built)
        who = f"{one_line(text.author)} <{one_line(text.email)}>"
        known = Commit(sha=sha, parents=(base,), author=who, committer=who, date_s=text.date_s, message=text.message)
        self._content.commits.keep(sha, known)
        return sha

    def make(self, sha: str, repository: str) -> None:
        """GitHub has the commit there: sent in two calls, one more for each file too long to go along."""
        built = self._content.built.get(sha)
        if built is None or self._content.made.get((repository, sha)):
            return
        base_tree = self.listing(built.base)[""].sha
        if built.tree != base_tree:
            entries = [self._sent(repository, built, path) for path in sorted(built.files)]
            answer = self._calls.write(
                "POST", path_of("repos", repository, "git/trees"), {"base_tree": base_tree, "tree": entries}
            )
            _same_name("tree", built.tree, answer.data)
        self._make_commit(sha, built, repository)
        self._content.made.keep((repository, sha), True)

    def _make_commit(self, sha: str, built: Built, repository: str) -> None:
        when = datetime.fromtimestamp(built.text.date_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        who = {"name": one_line(built.text.author), "email": one_line(built.text.email), "date": when}
        body = {
            "message": built.text.message,
            "tree": built.tree,
            "parents": [built.base],
            "author": who,
            "committer": who,
        }
        answer = self._calls.write("POST", path_of("repos", repository, "git/commits"), body)
        _same_name("commit", sha, answer.data)

    def _sent(self, repository: str, built: Built, path: str) -> dict[str, Any]:
        named, text = built.entries[path], built.files[path]
        if named is None or text is None:
            return {"path": path, "mode": "100644", "type": "blob", "sha": None}
        entry = {"path": path, "mode": named.mode, "type": "blob"}
        if len(text) <= _INLINE_CHARS:
            return {**entry, "content": text}
        body = {"content": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
        answer = self._calls.write("POST", path_of("repos", repository, "git/blobs"), body)
        _same_name("blob", named.sha, answer.data)
        return {**entry, "sha": named.sha}

    def _listed(self, commit: str) -> Listing:
        built = self._content.built.get(commit)
        if built is not None:
            merged = {**self.listing(built.base), **built.entries}
            return {path: entry for path, entry in merged.items() if entry is not None}
        data = self._object("trees", commit, recursive="1")
        if not data.get("truncated"):
            return _entries(data)
        # Too large to be told at once: the top, then the catalogue's own directory whole.
        top = dict(_entries(self._object("trees", commit)))
        for room in _ROOMS:
            if room in top:
                whole = {"recursive": "1"} if room == _ROOMS[-1] else {}
                below = _entries(self._object("trees", top[room].sha, **whole))
                top |= {f"{room}/{path}": entry for path, entry in below.items() if path}
        return top

    def _text(self, sha: str, path: str) -> str:
        data = self._object("blobs", sha)
        content = base64.b64decode(data.get("content", "")) if data.get("encoding") == "base64" else b""
        if blob_sha(content) != sha:
            raise UpstreamFailed(f"{path}: expected the content of blob {sha[:12]}, found other bytes; looked at again")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UpstreamFailed(f"{path}, blob {sha[:12]}: expected UTF-8: {error}") from error

    def _object(self, kind: str, sha: str, **query: str) -> Any:
        for repository in self.repositories:
            found = self._calls.get(path_of("repos", repository, "git", kind, sha), query, lasting=True)
            if found is not None:
                return found
        raise UpstreamFailed(f"{kind.removesuffix('s')} {sha[:12]}: not in {' or '.join(self.repositories)}")


def _is_small(path: str) -> bool:
    return bool(_SMALL.fullmatch(path))


def _entries(data: Mapping[str, Any]) -> Listing:
    found = {item["path"]: Entry(item["mode"].lstrip("0"), item["sha"]) for item in data["tree"]}
    # GitHub calls a tree by the commit that it was asked for.
    return found | {path: entry for path, entry in overlay(found, {}).items() if entry is not None}


def _modes(old: Listing, new: Listing, path: str) -> set[str]:
    return {listing[path].mode for listing in (old, new) if path in listing}


def _commit(data: Mapping[str, Any]) -> Commit:
    author, committer = data["author"], data["committer"]
    return Commit(
        sha=data["sha"],
        parents=tuple(parent["sha"] for parent in data["parents"]),
        author=f"{author['name']} <{author['email']}>",
        committer=f"{committer['name']} <{committer['email']}>",
        date_s=seconds(author["date"]),
        message=data["message"],
    )


def seconds(moment: str) -> int:
    """Unix seconds of GitHub's `2026-11-25T09:00:00Z`."""
    return round(datetime.fromisoformat(moment).timestamp())


def _same_name(kind: str, expected: str, found: Any) -> None:
    sha = found.get("sha", "") if isinstance(found, dict) else ""
    if sha != expected:
        raise UpstreamFailed(f"GitHub made {kind} {sha[:12]} of what git calls {expected[:12]}; nothing points at it")
