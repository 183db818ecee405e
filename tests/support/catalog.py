"""A catalog over a history's logs, filled in the test's own thread."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.catalog.application import Application
from services.catalog.application.feeds import Feeds
from services.catalog.application.generations import Generations
from services.catalog.application.source_reader import SourceReader
from services.catalog.projection import PROJECTION_VERSION, SOURCES
from shared.client_release_table import packaged_table
from shared.contracts import catalog as contract
from shared.contracts import wire
from shared.contracts.common import Caller
from shared.database import Database
from shared.errors import HubError
from shared.service import LogService
from shared.subscription import ReadLog
from tests.support.histories import History

ANONYMOUS = Caller()
OPERATOR = Caller(user_id="olga", roles=["user", "operator"])
REVIEWER = Caller(user_id="rex", roles=["user", "reviewer"])
OWNER = Caller(user_id="ann", roles=["user", "maintainer"])
STRANGER = Caller(user_id="sid", roles=["user", "maintainer"])
MEMBER = Caller(user_id="mia", roles=["user"], groups=["g1"])
EVERYONE = {
    "anonymous": ANONYMOUS,
    "stranger": STRANGER,
    "member": MEMBER,
    "owner": OWNER,
    "reviewer": REVIEWER,
    "operator": OPERATOR,
}


class CatalogUnderTest:
    """`application` over `generations`; `catch_up` applies what the logs hold."""

    def __init__(
        self,
        history: History,
        database: Database,
        *,
        version: int = PROJECTION_VERSION,
        replicated: bool = False,
        read_logs: Mapping[str, ReadLog] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.history = history
        self.database = database
        self.generations = Generations(
            database,
            read_logs or {source: history.read_log(source) for source in SOURCES},
            version=version,
            replicated=replicated,
            now=now,
        )
        readers: list[Any] = [SourceReader(self.generations, source) for source in SOURCES]
        self.log = LogService(name="catalog", subscriptions=readers, figures=self.generations.figures)
        self.application = Application(
            generations=self.generations,
            feeds=Feeds(packaged_table(), "1.13.0"),
            log=self.log,
            now=lambda: history.now,
        )

    def catch_up(self) -> Application:
        self.generations.served.catch_up()
        return self.application


@contextmanager
def catalog_over(history: History, folder: Path, name: str = "catalog", **more: Any) -> Iterator[CatalogUnderTest]:
    database = Database(f"sqlite:///{folder / name}.db", durable=False)
    try:
        yield CatalogUnderTest(history, database, **more)
    finally:
        database.close()


def names(page: contract.ModelPage) -> list[str]:
    return [row.name for row in page.items]


def all_pages(application: Application, models: Sequence[str], *, who: Sequence[str] = tuple(EVERYONE)) -> str:
    """Everything that these of `EVERYONE` can read, as one text; equal for equal catalogs."""
    found: dict[str, Any] = {}
    for reader, caller in ((name, EVERYONE[name]) for name in who):
        for label, answer in _answers(application, models, caller):
            found[f"{reader}: {label}"] = answer
    return json.dumps(found, indent=1, sort_keys=True)


def _answers(application: Application, models: Sequence[str], caller: Caller) -> Iterator[tuple[str, Any]]:
    statuses = ("", "published", "unpublished", "deprecated", "archived", "quarantined")
    requests: list[tuple[str, Any]] = [("models", contract.FindModels(status=s)) for s in statuses]  # type: ignore[arg-type]
    requests += [("models", contract.FindModels(sort=s)) for s in ("name", "size", "-updated")]
    requests += [("my_models", contract.FindMyModels()), ("reviews", contract.FindReviews(state="all"))]
    requests += [("pulls", contract.FindPulls()), ("changes", contract.ReadChanges())]
    requests += [("audit", contract.FindAudit()), ("feed", contract.ReadFeed(type="llm"))]
    requests += [("feed_versions", contract.ReadFeedVersions())]
    for model in models:
        named = contract.ReadModel(name=model)
        requests += [(method, named) for method in ("model", "revisions", "pull_request")]
        requests += [("timeline", contract.ReadTimeline(name=model))]
        requests += [("feed", contract.ReadFeed(type="llm", model_name=model))]
        requests += [("revision_changes", contract.ReadRevisionChanges(name=model, revisions=[1, 2, 3]))]
        for revision in (1, 2, 3):
            ref = contract.ReadRevision(name=model, revision=revision)
            requests += [(method, ref) for method in ("revision", "review", "review_comments", "review_neighbours")]
            requests += [("diff", contract.ReadDiff(name=model, revision=revision))]
    for method, request in requests:
        yield f"{method} {request}", _answer(application, method, request, caller)


def _answer(application: Application, method: str, request: Any, caller: Caller) -> Any:
    try:
        answer = wire.dump(getattr(application, method)(request, caller))
    except HubError as error:
        return f"{error.kind} {error.error_slug}"
    # Versions count what was applied, in whatever order that was.
    return {name: value for name, value in answer.items() if name != "version"}
