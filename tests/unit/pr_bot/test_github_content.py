"""A tree that GitHub does not tell at once is walked down to the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from services.pr_bot.upstream.github_calls import GitHubCalls
from services.pr_bot.upstream.github_content import Content, ContentReader
from services.pr_bot.upstream.objects import Entry, overlay, tree_sha

BLOB = "b" * 40
FOLDERS = {"xinference": "1" * 40, "xinference/model": "2" * 40}


def item(path: str, *, tree: bool = False, sha: str = BLOB) -> dict[str, str]:
    return {"path": path, "mode": "040000" if tree else "100644", "type": "tree" if tree else "blob", "sha": sha}


class Truncating:
    """Tells no tree of a commit whole."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, path: str, query: Mapping[str, Any], *, lasting: bool) -> Any:
        name = path.rpartition("/")[2]
        self.asked.append(f"{name[:1]}{'+' if query else ''}")
        trees: dict[str, list[dict[str, str]]] = {
            "c" * 40: [item("README.md"), item("xinference", tree=True, sha=FOLDERS["xinference"])],
            FOLDERS["xinference"]: [item("model", tree=True, sha=FOLDERS["xinference/model"]), item("x.py")],
            FOLDERS["xinference/model"]: [item("llm", tree=True, sha="3" * 40), item("llm/llm_family.json")],
        }
        return {"sha": name, "tree": trees[name], "truncated": bool(query) and name == "c" * 40}


def test_the_catalogues_directory_is_listed_whole() -> None:
    calls = Truncating()
    reader = ContentReader(Content(), cast(GitHubCalls, calls), ["o/r"])
    listing = reader.listing("c" * 40)
    assert calls.asked == ["c+", "c", "1", "2+"]
    assert listing["xinference/model/llm/llm_family.json"] == Entry("100644", BLOB)
    assert {"README.md", "xinference/x.py", "xinference/model/llm"} <= listing.keys()
    top = {"README.md": Entry("100644", BLOB), "xinference": Entry("40000", FOLDERS["xinference"])}
    assert listing[""].sha == tree_sha(top)


def test_a_change_below_what_was_not_listed_keeps_the_rest() -> None:
    calls = Truncating()
    reader = ContentReader(Content(), cast(GitHubCalls, calls), ["o/r"])
    changed = overlay(reader.listing("c" * 40), {"xinference/model/llm/llm_family.json": "d" * 40})
    assert set(changed) == {
        "",
        "xinference",
        "xinference/model",
        "xinference/model/llm",
        "xinference/model/llm/llm_family.json",
    }
    model = changed["xinference/model"]
    assert changed["xinference"] == Entry(
        "40000", tree_sha({"model": cast(Entry, model), "x.py": Entry("100644", BLOB)})
    )
