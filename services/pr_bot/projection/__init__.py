"""pr_bot's own rows: which models are due, which requests are open, what main held at the last look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Float, Integer, MetaData, Table, Text, delete, func, select, update

from services.pr_bot.domain import PullRequest
from shared.database import Database

METADATA = MetaData()
DUE = Table(
    "due",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("since", Float, nullable=False),
    Column("next_try_at", Float, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    # Rises with each mark: a mark that arrives while the model is worked on is not lost.
    Column("marks", Integer, nullable=False),
    Column("ask", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("actor", Text, nullable=False),
)
# A table of its own, because databases that have DUE already get no further columns.
DUE_TRACES = Table(
    "due_traces",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("traceparent", Text, nullable=False),
)
PULL_REQUESTS = Table(
    "pull_requests",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("branch", Text, nullable=False),
    Column("head_sha", Text, nullable=False),
)
BRANCHES = Table(
    "branches", METADATA, Column("branch", Text, primary_key=True), Column("model", Text, nullable=False, unique=True)
)
SEEN_HEAD = Table(
    "seen_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("commit_sha", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("looked_at", Float, nullable=False),
)
SEEN_FILES = Table("seen_files", METADATA, Column("path", Text, primary_key=True), Column("blob", Text, nullable=False))
SEEN_MODELS = Table(
    "seen_models",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("path", Text, nullable=False, index=True),
    Column("document_sha256", Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A model to look at. `ask` is empty, `rebuild` or `reopen`; `cause` the id of the event or command behind it.

    `traceparent` is the trace of that cause, empty where there is none.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A request as last recorded."""

    model: str
    number: int
    branch: str
    head_sha: str


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
            changed = values | {"marks": row.marks + 1, "ask": ask or row.ask}
            connection.execute(update(DUE).where(DUE.c.model == model).values(**changed))
        connection.execute(delete(DUE_TRACES).where(DUE_TRACES.c.model == model))
        if traceparent:
            connection.execute(DUE_TRACES.insert().values(model=model, traceparent=traceparent))

    def due_now(self, now: float, *, limit: int, model: str | None = None) -> list[Due]:
        """Those whose time has come, or of them the one named; who waits longest comes first."""
        query = (
            select(DUE, DUE_TRACES.c.traceparent)
            .outerjoin(DUE_TRACES, DUE_TRACES.c.model == DUE.c.model)
            .where(DUE.c.next_try_at <= now)
            .order_by(DUE.c.since, DUE.c.model)
            .limit(limit)
        )
        if model is not None:
            query = query.where(DUE.c.model == model)
        with self.database.read() as connection:
            return [_due(row) for row in connection.execute(query)]

    def next_try_at(self) -> float | None:
        with self.database.read() as connection:
            earliest: float | None = connection.scalar(select(func.min(DUE.c.next_try_at)))
        return earliest

    def done(self, connection: Connection, due: Due) -> None:
        """No longer due, unless it was marked again since."""
        connection.execute(delete(DUE).where(DUE.c.model == due.model, DUE.c.marks == due.marks))
        connection.execute(update(DUE).where(DUE.c.model == due.model).values(since=DUE.c.next_try_at, ask=""))

    def try_later(self, connection: Connection, due: Due, *, at: float) -> None:
        """Due again at `at`, unless it was marked again since: then at once."""
        connection.execute(
            update(DUE)
            .where(DUE.c.model == due.model, DUE.c.marks == due.marks)
            .values(next_try_at=at, attempts=due.attempts + 1)
        )

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

    def is_known(self, connection: Connection, model: str) -> bool:
        found = connection.scalar(select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.model == model))
        return found is not None

    def open_requests(self) -> list[Standing]:
        """Every request that is open upstream as far as recorded, in order of model."""
        with self.database.read() as connection:
            query = select(PULL_REQUESTS).where(PULL_REQUESTS.c.is_open == 1).order_by(PULL_REQUESTS.c.model)
            rows = connection.execute(query).all()
        return [Standing(model=row.model, number=row.number, branch=row.branch, head_sha=row.head_sha) for row in rows]

    def count_by_state(self) -> Mapping[str, int]:
        with self.database.read() as connection:
            query = select(PULL_REQUESTS.c.state, func.count()).group_by(PULL_REQUESTS.c.state)
            return {row[0]: row[1] for row in connection.execute(query)}

    def known_branch(self, model: str) -> str | None:
        """The branch the model has been given, None where it never needed one."""
        with self.database.read() as connection:
            return connection.scalar(select(BRANCHES.c.branch).where(BRANCHES.c.model == model))

    def branch_of(self, model: str, choose: Callable[[list[str]], str]) -> str:
        """The model's branch, the same ever after; `choose` gets those that other models have."""
        if (known := self.known_branch(model)) is not None:
            return known
        with self.database.write() as connection:
            rows = connection.execute(select(BRANCHES.c.model, BRANCHES.c.branch)).all()
            found = next((row.branch for row in rows if row.model == model), None)
            branch: str = found or choose([row.branch for row in rows])
            if found is None:
                connection.execute(BRANCHES.insert().values(branch=branch, model=model))
        return branch

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
    )
