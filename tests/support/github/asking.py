"""A plain client of the fake, for tests of the fake itself: what is sent and what comes back, nothing in between."""

from __future__ import annotations

import base64
from typing import Any

import requests

from tests.support.github.fake import FakeGitHub

REPOSITORY = "/repos/xorbitsai/inference"


class Client:
    """One token's calls; `get` and `made` give the JSON of an answer that must succeed."""

    def __init__(self, github: FakeGitHub, token: str, *, timeout_s: float = 10.0) -> None:
        self._github = github
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"token {token}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """`path` below the repository, or from `/` where it starts with two slashes."""
        where = path[1:] if path.startswith("//") else REPOSITORY + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._session.request(
            method, self._github.url + where, json=body, headers=named, timeout=self._timeout_s
        )

    def get(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, method: str, path: str, body: Any) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """(status, all that it says)."""
        answer = self.ask(method, path, body)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.text

    def commit(self, base: str, path: str, text: str | None, *, message: str = "Update") -> str:
        """By the git data API; None removes the file."""
        entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob", "sha": None}
        if text is not None:
            content = base64.b64encode(text.encode()).decode()
            entry["sha"] = self.made("POST", "/git/blobs", {"content": content, "encoding": "base64"})["sha"]
        tree = self.made("POST", "/git/trees", {"base_tree": self.tree(base), "tree": [entry]})["sha"]
        who = {"name": "Uma", "email": "uma@example.invalid", "date": "2026-11-25T10:00:00Z"}
        body = {"message": message, "tree": tree, "parents": [base], "author": who, "committer": who}
        return str(self.made("POST", "/git/commits", body)["sha"])

    def tree(self, commit: str) -> str:
        return str(self.get(f"/git/commits/{commit}")["tree"]["sha"])

    def head(self, branch: str = "main") -> str:
        return str(self.get(f"/git/ref/heads/{branch}")["object"]["sha"])

    def branch(self, name: str, path: str, text: str) -> str:
        """A new branch with one commit on main."""
        sha = self.commit(self.head(), path, text)
        self.made("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
        return sha

    def pull(self, branch: str, *, text: str = "[1]\n", path: str = "a.json", draft: bool = False) -> int:
        """A pull request of a new branch."""
        self.branch(branch, path, text)
        body = {"head": f"xorbitsai:{branch}", "base": "main", "title": branch, "body": "", "draft": draft}
        return int(self.made("POST", "/pulls", body)["number"])
