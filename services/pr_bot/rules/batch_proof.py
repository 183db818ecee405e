"""The proof of a request for several models: of each file it changes, that only their own records changed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from services.pr_bot.rules.proof import ForeignBytes, Proof, encoded, joined, records, sha256

# As the one of a single model, and under the same limits. Each model comes as path:name, both percent-encoded.
_SCRIPT = """
import hashlib, json, re, subprocess, sys
from urllib.parse import quote, unquote
head, base, names = sys.argv[1], sys.argv[1] + "^", {}
for word in sys.argv[2:]:
    path, name = map(unquote, word.split(":"))
    names.setdefault(path, []).append(name)
def git(*words):
    return subprocess.run(["git", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
print("base", git("rev-parse", base).strip())
print("changed", *map(quote, git("diff-tree", "-r", "-z", "--name-only", base, head).split("\\0")[:-1]))
for path, mine in names.items():
    print("file", quote(path))
    own = mine[0] if "/models/" in path else ""
    for side, commit in ("before", base), ("after", head):
        text, at, others = git("cat-file", "blob", commit + ":" + path), 0, []
        while (at := re.compile(r"[\\s\\[\\],]*").match(text, at).end()) < len(text):
            record, end = json.JSONDecoder().raw_decode(text, at)
            called = record.get("model_name", own) if isinstance(record, dict) else ""
            others += [text[at:end]] if str(called).lower() not in [name.lower() for name in mine] else []
            at = end
        print(side, sha256(text) if text else "none", "others", len(others), sha256("\\n".join(others)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """Its own `models`; the texts are empty where the file is not there."""

    path: str
    models: tuple[str, ...]
    before: str
    after: str

    def others(self, text: str) -> tuple[str, ...]:
        """The exact text of each record that is none of the models', in the file's order."""
        mine = {model.lower() for model in self.models}
        own = self.models[0] if "/models/" in self.path else ""
        return tuple(raw for name, raw in records(text, own) if name.lower() not in mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProof:
    """`files` in the order in which they were changed; the other fields as Proof's."""

    base_sha: str
    head_sha: str
    fetch_from: str
    files: tuple[ChangedFile, ...]

    @staticmethod
    def of(proofs: Sequence[Proof]) -> BatchProof:
        """Of changes that were made one after the other, in this order."""
        files: dict[str, ChangedFile] = {}
        for proof in proofs:
            known = files.get(proof.path)
            files[proof.path] = ChangedFile(
                path=proof.path,
                models=(*(known.models if known else ()), proof.model),
                before=known.before if known else proof.before,
                after=proof.after,
            )
        one = proofs[0]
        return BatchProof(
            base_sha=one.base_sha, head_sha=one.head_sha, fetch_from=one.fetch_from, files=tuple(files.values())
        )

    def command(self) -> str:
        """For a shell in any clone of the repository or of a fork."""
        fetch = f"git fetch --quiet -- {shlex.quote(self.fetch_from)} {self.head_sha}"
        words = [f"{encoded(file.path)}:{encoded(model)}" for file in self.files for model in file.models]
        return f"{fetch} && python3 -c '{_SCRIPT}' {self.head_sha} {' '.join(words)}"

    def printed(self) -> str:
        """What the command prints; raises ForeignBytes where that would be no proof."""
        paths = sorted(file.path for file in self.files)
        lines = [f"base {self.base_sha}", f"changed {' '.join(encoded(path) for path in paths)}"]
        for file in self.files:
            lines.append(f"file {encoded(file.path)}")
            before, after = file.others(file.before), file.others(file.after)
            if before != after:
                raise ForeignBytes(
                    f"{', '.join(file.models)}: expected to change their own records of {file.path}, found "
                    f"{len(set(before) ^ set(after))} records of others changed, too; no request is made of that"
                )
            for side, text in (("before", file.before), ("after", file.after)):
                digest = sha256(text) if text else "none"
                lines.append(f"{side} {digest} others {len(before)} {sha256(joined(before))}")
        return "\n".join(lines)
