"""The state behind the fake: who there is, which repositories, and the looking for what was pushed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.github.bare_repository import created
from tests.support.github.state import Label, Pull, Repository, Token, User


class Forge:
    """`main` is the repository that pull requests go to. Hold `lock` around whatever reads or writes."""

    def __init__(
        self, folder: Path, files: Mapping[str, str | bytes], *, full_name: str, repository: Path | None
    ) -> None:
        self.folder = folder
        self.url = ""
        self.lock = threading.RLock()
        self.ahead = 0.0
        self.clock: Callable[[], float] = time.time
        self.ids = count(1001)
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.listeners: list[Callable[[str, dict[str, Any], Repository, User], None]] = []
        owner, name = full_name.split("/")
        at = repository or folder / owner / f"{name}.git"
        self.main = Repository(
            id=next(self.ids),
            owner=self.person(owner),
            name=name,
            git=created(at, files, date_s=int(self.now()) - 86_400),
            created_at=self.now(),
        )
        self.keep(self.main)

    def now(self) -> float:
        """Unix seconds of the fake's clock."""
        return self.clock() + self.ahead

    def person(self, login: str) -> User:
        """The user of this login, made where there is none."""
        found = self.users.get(login.lower())
        if found is None:
            found = self.users[login.lower()] = User(
                id=next(self.ids), login=login, kind="Bot" if login.endswith("[bot]") else "User"
            )
        return found

    def find(self, owner: str, name: str) -> Repository | None:
        return self.repositories.get(f"{owner}/{name}".lower())

    def keep(self, repository: Repository) -> None:
        repository.seen = repository.git.refs()
        self.repositories[repository.full_name.lower()] = repository

    def label(self, repository: Repository, name: str) -> Label:
        """The repository's label of this name, made where there is none."""
        found = repository.labels.get(name.lower())
        if found is None:
            found = repository.labels[name.lower()] = Label(id=next(self.ids), name=name)
        return found

    def pull_of(self, node_id: str) -> tuple[Repository, Pull] | None:
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                if pull.node_id == node_id:
                    return repository, pull
        return None

    def tell(self, event: str, payload: dict[str, Any], repository: Repository, sender: User) -> None:
        """What a webhook would carry of it, to whoever listens."""
        for listener in self.listeners:
            listener(event, payload, repository, sender)
