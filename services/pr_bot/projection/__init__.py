"""pr_bot's own rows: which models are due, which requests are open, what main held at the last look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, delete, func, or_, select, update

from services.pr_bot.domain import PullRequest
from services.pr_bot.projection.accounts import AccountRows, given_to
from services.pr_bot.projection.batches import BatchRows, aboard
from services.pr_bot.projection.limits import OPEN_COUNT, Limits
from services.pr_bot.projection.returns import Returned
from services.pr_bot.projection.tables import (
    ABOARD,
    BATCHES,
    DUE,
    DUE_TRACES,
    HEARD,
    METADATA,
    PLACES,
    PULL_REQUESTS,
    SEEN_FILES,
    SEEN_HEAD,
    SEEN_MODELS,
    SERVED,
    SUBMITTERS,
)
from services.pr_bot.projection.turns import FOLLOW, Turns
from shared.database import Database

__all__ = ["BATCHES", "METADATA", "PULL_REQUESTS", "SEEN_MODELS", "Due", "Rows", "SeenHead", "SeenModel", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A model to look at. `ask` is empty, `rebuild`, `reopen` or `follow`.

    `cause` is the id of the event or command behind it, `traceparent` its trace, empty where there is none.
    `heard` counts how often something was said to have come back from upstream, 0 where that is not to be
    looked at. `person`: whose turn it takes.
    """

    model: str
    since: float
    attempts: int
    marks: int
    ask: str
    cause: str
    correlation: str
    actor: str
    traceparent: str = ""
    heard: int = 0
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A request as last recorded."""

    model: str
    number: int
    branch: str
    head_sha: str
    state: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenModel:
    model: str
    path: str
    document_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHead:
    commit: str
    layout: str
    looked_at: float


class Rows:
    """Every query of this service. Writes take the connection of the transaction they belong to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.create(METADATA)
        self.accounts = AccountRows(database)
        self.batches = BatchRows(database)
        self.turns = Turns(database)
        self.returned = Returned(database)
        self.limits = Limits(database)

    def mark_due(
        self,
        connection: Connection,
        model: str,
        *,
        at: float,
        cause: str,
        correlation: str = "",
        actor: str = "system:pr_bot",
        ask: str = "",
        traceparent: str = "",
    ) -> None:
        """The model is looked at soon; what waits for a later try is tried now."""
        row = connection.execute(select(DUE.c.marks, DUE.c.ask).where(DUE.c.model == model)).first()
        values = {"cause": cause, "correlation": correlation, "actor": actor, "next_try_at": at, "attempts": 0}
        if row is None:
            connection.execute(DUE.insert().values(model=model, since=at, marks=1, ask=ask, **values))
        else:
            changed = values | {"marks": row.marks + 1, "ask": _stronger(row.ask, ask)}
            connection.execute(update(DUE).where(DUE.c.model == model).values(**changed))
        connection.execute(delete(DUE_TRACES).where(DUE_TRACES.c.model == model))
        if traceparent:
            connection.execute(DUE_TRACES.insert().values(model=model, traceparent=traceparent))

    def due_now(self, now: float, *, limit: int, model: str | None = None, only_open: bool = False) -> list[Due]:
        """Those whose time has come, or of them the one named.

        One person's after another's: first of whom a model was looked at longest ago; of each person's, who
        waits longest. What only follows main's move comes after all that somebody waits for.
        `only_open`: those that have an open request, travel in one, or have a place to open one.
        """
        person = func.coalesce(SUBMITTERS.c.person, DUE.c.actor)
        query = (
            select(DUE, DUE_TRACES.c.traceparent, HEARD.c.times.label("heard"), person.label("person"))
            .outerjoin(DUE_TRACES, DUE_TRACES.c.model == DUE.c.model)
            .outerjoin(HEARD, HEARD.c.model == DUE.c.model)
            .outerjoin(SUBMITTERS, SUBMITTERS.c.model == DUE.c.model)
            .outerjoin(SERVED, SERVED.c.person == person)
            .where(DUE.c.next_try_at <= now)
            .order_by(DUE.c.ask == FOLLOW, func.coalesce(SERVED.c.turn, 0), DUE.c.since, DUE.c.model)
            .limit(limit)
        )
        if model is not None:
            query = query.where(DUE.c.model == model)
        if only_open:
            standing = select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.is_open == 1)
            held = (standing, select(ABOARD.c.model), select(PLACES.c.model))
            query = query.where(or_(*(DUE.c.model.in_(models) for models in held)))
        with self.database.read() as connection:
            return [_due(row) for row in connection.execute(query)]

    def next_try_at(self) -> float | None:
        with self.database.read() as connection:
            earliest: float | None = connection.scalar(select(func.min(DUE.c.next_try_at)))
        return earliest

    def done(self, connection: Connection, due: Due) -> None:
        """No longer due, unless it was marked again since; what was asked for since is still to be done."""
        connection.execute(delete(DUE).where(DUE.c.model == due.model, DUE.c.marks == due.marks))
        left = case((DUE.c.ask == due.ask, ""), else_=DUE.c.ask)
        connection.execute(update(DUE).where(DUE.c.model == due.model).values(since=DUE.c.next_try_at, ask=left))
        self.returned.listened(connection, due.model, times=due.heard)
        self.limits.give_back(connection, due.model)
        self.turns.serve(connection, due.person)

    def try_later(self, connection: Connection, due: Due, *, at: float, counts: bool = True) -> None:
        """Due again at `at`, unless it was marked again since: then at once. `counts`: as an attempt that failed."""
        connection.execute(
            update(DUE)
            .where(DUE.c.model == due.model, DUE.c.marks == due.marks)
            .values(next_try_at=at, attempts=due.attempts + int(counts))
        )
        if counts:
            self.turns.serve(connection, due.person)

    def due_count(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(DUE)) or 0

    def keep(self, connection: Connection, model: str, state: PullRequest) -> None:
        values = {
            "state": state.state,
            "number": state.number,
            "is_open": int(state.is_open),
            "branch": state.last.branch if state.last else "",
            "head_sha": state.last.head_sha if state.last else "",
        }
        known = connection.execute(
            update(PULL_REQUESTS).where(PULL_REQUESTS.c.model == model).values(**values)
        ).rowcount
        if not known:
            connection.execute(PULL_REQUESTS.insert().values(model=model, **values))
        self.returned.keep_unreleased(connection, model, state.unreleased)

    def last_recorded(self, model: str) -> tuple[str, int]:
        """(state, number) of the model's last request."""
        with self.database.read() as connection:
            columns = select(PULL_REQUESTS.c.state, PULL_REQUESTS.c.number)
            row = connection.execute(columns.where(PULL_REQUESTS.c.model == model)).first()
        return (row.state, row.number) if row else (PullRequest().state, 0)

    def is_known(self, connection: Connection, model: str) -> bool:
        found = connection.scalar(select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.model == model))
        return found is not None

    def open_requests(self) -> list[Standing]:
        """Every request that is open upstream as far as recorded, in order of model."""
        return [standing for standing in self.requests() if standing.is_open]

    def requests(self) -> list[Standing]:
        """Each model's last request, open or ended, in order of model."""
        with self.database.read() as connection:
            query = select(PULL_REQUESTS).where(PULL_REQUESTS.c.number != 0).order_by(PULL_REQUESTS.c.model)
            return [_standing(row) for row in connection.execute(query)]

    def open_count(self) -> int:
        with self.database.read() as connection:
            return connection.scalar(OPEN_COUNT) or 0

    def concerned(self, *, number: int = 0, branch: str = "", sha: str = "") -> list[Standing]:
        """The requests with this number, or on this branch, or with this head; a branch alone has no number."""
        found: dict[str, Standing] = {}
        named = [(PULL_REQUESTS.c.number, number), (PULL_REQUESTS.c.branch, branch), (PULL_REQUESTS.c.head_sha, sha)]
        with self.database.read() as connection:
            for column, value in named:
                if value:
                    rows = connection.execute(select(PULL_REQUESTS).where(column == value))
                    found |= {row.model: _standing(row) for row in rows}
            model = given_to(connection, branch) if branch else None
            given = [*([model] if model else []), *(aboard(connection, branch) if branch else [])]
        for model in given:
            found.setdefault(model, Standing(model=model, number=0, branch=branch, head_sha="", is_open=False))
        return list(found.values())

    def count_by_state(self) -> Mapping[str, int]:
        with self.database.read() as connection:
            query = select(PULL_REQUESTS.c.state, func.count()).group_by(PULL_REQUESTS.c.state)
            return {row[0]: row[1] for row in connection.execute(query)}

    def seen_head(self) -> SeenHead | None:
        with self.database.read() as connection:
            row = connection.execute(select(SEEN_HEAD)).first()
        return SeenHead(commit=row.commit_sha, layout=row.layout, looked_at=row.looked_at) if row else None

    def see_head(self, seen: SeenHead, files: Mapping[str, str], quiet: Sequence[SeenModel]) -> None:
        """Everything up to this commit has been told; `quiet` are models there was nothing to tell of."""
        with self.database.write() as connection:
            connection.execute(delete(SEEN_HEAD))
            head = {"id": 1, "commit_sha": seen.commit, "layout": seen.layout, "looked_at": seen.looked_at}
            connection.execute(SEEN_HEAD.insert().values(**head))
            connection.execute(delete(SEEN_FILES))
            rows = [{"path": path, "blob": blob} for path, blob in files.items()]
            if rows:
                connection.execute(SEEN_FILES.insert(), rows)
            for model in quiet:
                self.see_model(connection, model)

    def looked(self, at: float) -> None:
        with self.database.write() as connection:
            connection.execute(update(SEEN_HEAD).values(looked_at=at))

    def seen_files(self) -> dict[str, str]:
        with self.database.read() as connection:
            return {row.path: row.blob for row in connection.execute(select(SEEN_FILES))}

    def seen_models(self) -> dict[str, SeenModel]:
        """By model id."""
        with self.database.read() as connection:
            rows = connection.execute(select(SEEN_MODELS)).all()
        return {
            row.model: SeenModel(model=row.model, path=row.path, document_sha256=row.document_sha256) for row in rows
        }

    def see_model(self, connection: Connection, seen: SeenModel) -> None:
        """An empty hash: main does not hold it."""
        connection.execute(delete(SEEN_MODELS).where(SEEN_MODELS.c.model == seen.model))
        if seen.document_sha256:
            connection.execute(
                SEEN_MODELS.insert().values(model=seen.model, path=seen.path, document_sha256=seen.document_sha256)
            )


def _standing(row: Any) -> Standing:
    return Standing(
        model=row.model,
        number=row.number,
        branch=row.branch,
        head_sha=row.head_sha,
        state=row.state,
        is_open=bool(row.is_open),
    )


def _stronger(before: str, now: str) -> str:
    """What is asked of a model that is marked again: what a person asked for stays, mere following does not."""
    if now == FOLLOW:
        return before
    return now or ("" if before == FOLLOW else before)


def _due(row: Any) -> Due:
    return Due(
        model=row.model,
        since=row.since,
        attempts=row.attempts,
        marks=row.marks,
        ask=row.ask,
        cause=row.cause,
        correlation=row.correlation,
        actor=row.actor,
        traceparent=row.traceparent or "",
        heard=row.heard or 0,
        person=row.person,
    )
