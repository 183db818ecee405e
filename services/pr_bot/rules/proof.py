"""The proof that a request changes one model's bytes alone: a command anyone can run, and what it prints."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from shared.errors import Conflict

_BETWEEN = re.compile(r"[\s\[\],]*")

# Reads the objects themselves, so that no setting of a clone changes what it prints. No quote and no backtick may be
# in it: it stands between single quotes, in a fenced block.
_SCRIPT = """
import hashlib, json, re, subprocess, sys
from urllib.parse import quote, unquote
head, path, name = map(unquote, sys.argv[1:])
base, own = head + "^", name if "/models/" in path else ""
def git(*words):
    return subprocess.run(["git", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
print("base", git("rev-parse", base).strip())
print("changed", *map(quote, git("diff-tree", "-r", "-z", "--name-only", base, head).split("\\0")[:-1]))
for side, commit in ("before", base), ("after", head):
    text, at, others = git("cat-file", "blob", commit + ":" + path), 0, []
    while (at := re.compile(r"[\\s\\[\\],]*").match(text, at).end()) < len(text):
        record, end = json.JSONDecoder().raw_decode(text, at)
        called = record.get("model_name", own) if isinstance(record, dict) else ""
        others += [text[at:end]] if str(called).lower() != name.lower() else []
        at = end
    print(side, "file", sha256(text) if text else "none", "others", len(others), sha256("\\n".join(others)))
"""


class ForeignBytes(Conflict):
    """The change would touch another model's bytes."""

    slug = "foreign-bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The one file a request changes. Texts are empty where the file is not there.

    `head_sha` is the request's one commit on `base_sha`; `fetch_from` an address, or a clone's remote.
    """

    model: str
    path: str
    base_sha: str
    head_sha: str
    fetch_from: str
    before: str
    after: str

    def command(self) -> str:
        """For a shell in any clone of the repository or of a fork."""
        fetch = f"git fetch --quiet -- {shlex.quote(self.fetch_from)} {self.head_sha}"
        # Percent-encoded, nothing in them means anything to a shell or to Markdown.
        return f"{fetch} && python3 -c '{_SCRIPT}' {self.head_sha} {encoded(self.path)} {encoded(self.model)}"

    def printed(self) -> str:
        """What the command prints; raises ForeignBytes where that would be no proof."""
        before, after = self._others(self.before), self._others(self.after)
        if before != after:
            raise ForeignBytes(
                f"{self.model}: expected to change its own record of {self.path}, found "
                f"{len(set(before) ^ set(after))} records of others changed, too; no request is made of that"
            )
        lines = [f"base {self.base_sha}", f"changed {encoded(self.path)}"]
        for side, text, kept in (("before", self.before, before), ("after", self.after, after)):
            lines.append(f"{side} file {sha256(text) if text else 'none'} others {len(kept)} {sha256(joined(kept))}")
        return "\n".join(lines)

    def _others(self, text: str) -> tuple[str, ...]:
        return others(text, self.model, is_own_file="/models/" in self.path)


def others(text: str, model: str, *, is_own_file: bool) -> tuple[str, ...]:
    """The exact text of each record of the file that is another model's, in the file's order."""
    own = model if is_own_file else ""
    return tuple(raw for name, raw in records(text, own) if name.lower() != model.lower())


def records(text: str, own: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each; a record without a name is called `own`."""
    decoder, at = json.JSONDecoder(), _after_space(text, 0)
    while at < len(text):
        record, end = decoder.raw_decode(text, at)
        yield str(record.get("model_name", own)) if isinstance(record, dict) else "", text[at:end]
        at = _after_space(text, end)


def _after_space(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def joined(texts: tuple[str, ...]) -> str:
    return "\n".join(texts)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def encoded(text: str) -> str:
    return quote(text, errors="replace")
