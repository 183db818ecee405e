"""Registry as pr_bot sees it: what is wanted, set by the test, and the echo of what main holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from shared.contracts.common import Caller, Done, LogSlice, ModelRef, ReadLog
from shared.contracts.identity import People, PeopleQuery, PersonName, PersonRef, SealedGitHubToken
from shared.contracts.registry import DesiredState
from shared.database.transactions import any_transaction_open
from shared.errors import Forbidden, NotFound
from shared.events.pr_bot import UpstreamChanged


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class FakeRegistry:
    """Answers `desired_state` and `model_access`, outside of transactions; the rest of the contract is not there."""

    def __init__(self) -> None:
        self.wanted: dict[str, DesiredState] = {}
        self.owners: dict[str, str] = {}

    def holds(self, name: str, model_type: str, document: str) -> None:
        """Imported, published, and known to be on main."""
        self.wanted[name.lower()] = DesiredState(
            name=name,
            type=model_type,
            wanted="content",
            revision=1,
            document=document,
            document_sha256=sha256(document),
            is_published=True,
            submitter="upstream",
            upstream_document=document,
        )

    def submitted(self, name: str, model_type: str, document: str, **more: Any) -> DesiredState:
        """A pending public revision, the next in number; `more` are fields of DesiredState."""
        before = self.wanted.get(name.lower())
        fields: dict[str, Any] = {
            "name": name,
            "type": model_type,
            "wanted": "content",
            "revision": (before.revision if before else 0) + 1,
            "document": document,
            "document_sha256": sha256(document),
            "is_published": False,
            "submitter": "u1",
            "message": "please",
            "upstream_document": before.upstream_document if before else "",
        }
        self.wanted[name.lower()] = DesiredState(**fields | more)
        return self.wanted[name.lower()]

    def rejected(self, name: str, feedback: str) -> None:
        """The newest submission is rejected."""
        self.change(name, rejected=feedback, rejected_revision=self.wanted[name.lower()].revision)

    def approved(self, name: str, *, reviewer: str = "r1") -> None:
        self.change(name, is_published=True, reviewer=reviewer)

    def change(self, name: str, **fields: Any) -> None:
        self.wanted[name.lower()] = dataclasses.replace(self.wanted[name.lower()], **fields)

    def sees(self, event: UpstreamChanged) -> None:
        """Takes over what main holds, as registry's reaction to the event does."""
        known = self.wanted.get(event.model_name.lower())
        if known is None:
            self.holds(event.model_name, event.model_type, event.document)
        else:
            self.change(event.model_name, upstream_document=event.document)

    def desired_state(self, request: ModelRef, caller: Caller) -> DesiredState:
        assert caller.is_system
        assert not any_transaction_open()
        try:
            return self.wanted[request.name.lower()]
        except KeyError:
            raise NotFound(f"model {request.name}: there is none") from None

    def model_access(self, request: ModelRef, caller: Caller) -> Done:
        if request.name.lower() not in self.wanted:
            raise NotFound(f"model {request.name}: there is none")
        if self.owners.get(request.name.lower()) != caller.user_id:
            raise Forbidden(f"model {request.name}: not yours")
        return Done()


class FakeIdentity:
    """Answers `people` and `sealed_github_token`, which nobody has stored at first; its log is empty.

    `asked`: whose token was asked for.
    """

    def __init__(self, **names: str) -> None:
        self.names = names or {"u1": "Ada"}
        self.sealed: dict[str, SealedGitHubToken] = {}
        self.asked: list[str] = []

    def read_log(self, request: ReadLog, caller: Caller) -> LogSlice:
        return LogSlice()

    def sealed_github_token(self, request: PersonRef, caller: Caller) -> SealedGitHubToken:
        assert caller.is_system
        assert not any_transaction_open()
        self.asked.append(request.id)
        return self.sealed.get(request.id, SealedGitHubToken(present=False))

    def people(self, request: PeopleQuery, caller: Caller) -> People:
        assert not any_transaction_open()
        return People(
            items=[
                PersonName(id=person, login=person, display_name=self.names[person])
                for person in request.ids
                if person in self.names
            ]
        )


def model(name: str, **fields: Any) -> str:
    """A small model document: one record in an array."""
    return json.dumps([{"version": 2, "model_name": name, **fields}], indent=2, ensure_ascii=False)
