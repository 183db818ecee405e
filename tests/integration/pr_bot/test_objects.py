"""Trees and commits have the names that git gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.pr_bot.upstream import CommitText
from services.pr_bot.upstream.local_git import LocalGit, seed
from services.pr_bot.upstream.objects import TREE, Entry, blob_sha, commit_sha, overlay

FILES = {
    "README.md": "# read\n",
    "a": "a file beside a-b and a/",
    "a-b/x.json": "{}\n",
    "ab/deep/er/y.json": "[]\n",
    "ab.json": "é\n",
    "xinference/model/llm/models/One.json": "[1]\n",
    "xinference/model/llm/models/Two.json": "[2]\n",
    "xinference/model/image/models/.gitkeep": "",
}
TEXT = CommitText(author="models-hub[bot]", email="b@x.invalid", date_s=1_700_000_000, message="subject\n\nbody é\n")
CHANGES: list[dict[str, str | None]] = [
    {"xinference/model/llm/models/One.json": "[1, 2]\n"},
    {"xinference/model/llm/models/Three.json": "[3]\n"},
    {"xinference/model/llm/models/One.json": None},
    {"ab/deep/er/y.json": None},
    {"new/folder/z.json": "z", "a": None, "README.md": "# other\n"},
    {"xinference/model/llm/models/One.json": FILES["xinference/model/llm/models/One.json"]},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_commit_has_the_name_that_git_gives_it(tmp_path: Path, changes: dict[str, str | None]) -> None:
    base = seed(tmp_path / "r.git", {path: text.encode() for path, text in FILES.items()}, durable=False)
    git = LocalGit(tmp_path / "r.git", durable=False)
    listing = overlay({}, {path: blob_sha(text.encode()) for path, text in FILES.items()})
    entries = {path: entry for path, entry in listing.items() if entry is not None}
    named = {path: None if text is None else blob_sha(text.encode()) for path, text in changes.items()}
    whole = overlay(entries, named)[""]
    assert whole is not None
    assert commit_sha(whole.sha, base, TEXT) == git.build(base, changes, TEXT)
    git.close()


def test_a_file_keeps_its_mode_and_directories_their_names() -> None:
    before = {"run.sh": Entry("100755", blob_sha(b"1")), "d": Entry(TREE, "0" * 40), "d/x": Entry("100644", "1" * 40)}
    after = overlay(before, {"run.sh": blob_sha(b"2")})
    assert after["run.sh"] == Entry("100755", blob_sha(b"2"))
    assert "d" not in after
