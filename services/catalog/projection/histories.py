"""Reads of what happened: revisions, reviews, pull requests, the timeline, the audit, published changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
)

from services.catalog.projection.states import review_state, revision_state, with_verdicts
from services.catalog.projection.tables import Tables

UNLISTED_PULLS = ("none", "noop")


class HistoryReads:
    """Reads over one generation's tables; every method takes the reader's connection."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        # Building a statement costs more than running it: those of every page are built once.
        revisions, contents = tables.revisions, tables.contents
        same = and_(contents.c.model == revisions.c.model, contents.c.revision == revisions.c.revision)
        of_model, numbered = revisions.c.model == bindparam("model"), revisions.c.revision == bindparam("revision")
        self._states = self._revisions(with_verdicts(tables))
        self._history = self._states.where(of_model).order_by(revisions.c.revision.desc())
        newest_of = and_(
            tables.models.c.id == revisions.c.model, tables.models.c.latest_revision == revisions.c.revision
        )
        self._latest = self._revisions(with_verdicts(tables).join(tables.models, newest_of)).where(
            revisions.c.model.in_(bindparam("models", expanding=True))
        )
        self._whole = (
            self._revisions(with_verdicts(tables).join(contents, same))
            .add_columns(contents.c.document, contents.c.readme)
            .where(of_model, numbered)
        )

    def revision(self, connection: Connection, model: str, number: int) -> RowMapping | None:
        """One revision with its verdict and its content (`document`, `readme`)."""
        return connection.execute(self._whole, {"model": model, "revision": number}).mappings().first()

    def revisions(self, connection: Connection, model: str) -> Sequence[RowMapping]:
        """All revisions of a model, the newest first, without their content."""
        return connection.execute(self._history, {"model": model}).mappings().all()

    def latest_revisions(self, connection: Connection, models: Sequence[str]) -> dict[str, RowMapping]:
        """{model: its latest revision, without its content}."""
        rows = connection.execute(self._latest, {"models": list(models)}).mappings()
        return {row["model"]: row for row in rows}

    def _revisions(self, joined: FromClause) -> Select[Any]:
        revisions, verdicts = self._tables.revisions, self._tables.verdicts
        return select(
            revisions,
            revision_state(self._tables).label("state"),
            review_state(self._tables).label("review_state"),
            *(verdicts.c[name] for name in ("reviewer", "feedback", "claimed_by", "decided_at")),
        ).select_from(joined)

    def reviews(
        self,
        connection: Connection,
        *,
        state: str,
        model_type: str,
        text: str,
        submitter: str,
        oldest_first: bool,
        offset: int,
        limit: int,
    ) -> tuple[Sequence[RowMapping], int]:
        """A page of the Review List and how many rows there are; `state` is a review's or `all`."""
        revisions, verdicts, models = self._tables.revisions, self._tables.verdicts, self._tables.models
        joined = with_verdicts(self._tables).join(models, models.c.id == revisions.c.model)
        conditions: list[ColumnElement[bool]] = [verdicts.c.state.is_not(None)]
        if state != "all":
            conditions.append(review_state(self._tables) == state)
        if state == "pending":
            conditions.append(verdicts.c.state == "pending")
        if model_type:
            conditions.append(models.c.type == model_type)
        if text:
            conditions.append(revisions.c.model.contains(text.lower(), autoescape=True))
        if submitter:
            conditions.append(revisions.c.submitter == submitter)
        total = connection.execute(select(func.count()).select_from(joined).where(*conditions)).scalar_one()
        age = verdicts.c.requested_at if oldest_first else verdicts.c.requested_at.desc()
        query = (
            self._revisions(joined)
            .add_columns(models.c.name, models.c.type, verdicts.c.requested_at)
            .where(*conditions)
            .order_by(age, revisions.c.model, revisions.c.revision)
        )
        return connection.execute(query.offset(offset).limit(limit)).mappings().all(), total

    def comment_counts(self, connection: Connection, models: Sequence[str]) -> dict[tuple[str, int], int]:
        """{(model, revision): comments} of these models."""
        table = self._tables.comments
        query = select(table.c.model, table.c.revision, func.count()).where(table.c.model.in_(models))
        grouped = query.group_by(table.c.model, table.c.revision)
        return {(row[0], row[1]): row[2] for row in connection.execute(grouped)}

    def comments(self, connection: Connection, model: str, upto: int) -> Sequence[RowMapping]:
        """Those of this and earlier revisions, in the order in which they were written."""
        table = self._tables.comments
        query = select(table).where(table.c.model == model, table.c.revision <= upto)
        return connection.execute(query.order_by(table.c.position)).mappings().all()

    def pull(self, connection: Connection, model: str) -> RowMapping | None:
        """A model's pull request as it stands."""
        table = self._tables.pulls
        return connection.execute(select(table).where(table.c.model == model)).mappings().first()

    def sharing(self, connection: Connection, pull: RowMapping, *, visible: ColumnElement[bool]) -> list[str]:
        """The other visible models whose request is the same commit of the same request, by name."""
        pulls, models = self._tables.pulls, self._tables.models
        query = (
            select(models.c.name)
            .select_from(pulls.join(models, models.c.id == pulls.c.model))
            .where(visible, pulls.c.model != pull["model"])
            .where(*(pulls.c[name] == pull[name] for name in ("number", "branch", "head_sha")))
            .order_by(models.c.id)
        )
        return list(connection.scalars(query)) if pull["number"] else []

    def remarks(self, connection: Connection, model: str, number: int) -> Sequence[RowMapping]:
        """What people said on a request upstream, oldest first."""
        table = self._tables.remarks
        query = select(table).where(table.c.model == model, table.c.number == number)
        return connection.execute(query.order_by(table.c.at, table.c.remark)).mappings().all()

    def pull_states(self, connection: Connection, models: Sequence[str]) -> dict[str, str]:
        table = self._tables.pulls
        query = select(table.c.model, table.c.state).where(table.c.model.in_(models))
        return {row.model: row.state for row in connection.execute(query)}

    def pulls(
        self, connection: Connection, *, visible: ColumnElement[bool], state: str, offset: int, limit: int
    ) -> tuple[Sequence[RowMapping], dict[str, int]]:
        """A page of pull requests of visible models, the last changed first, and how many there are by state."""
        pulls, models = self._tables.pulls, self._tables.models
        joined = pulls.join(models, models.c.id == pulls.c.model)
        counting = select(pulls.c.state, func.count()).select_from(joined).where(visible).group_by(pulls.c.state)
        counts = {row[0]: row[1] for row in connection.execute(counting)}
        wanted = pulls.c.state == state if state else pulls.c.state.not_in(UNLISTED_PULLS)
        columns = [column for column in pulls.c if column.name not in ("diff", "body", "name", "checks")]
        query = (
            select(*columns, models.c.name, models.c.type)
            .select_from(joined)
            .where(visible, wanted)
            .order_by(pulls.c.changed_at.desc(), pulls.c.model)
        )
        return connection.execute(query.offset(offset).limit(limit)).mappings().all(), counts

    def timeline(
        self, connection: Connection, model: str, *, condition: ColumnElement[bool], offset: int, limit: int
    ) -> tuple[Sequence[RowMapping], int]:
        """A model's lines that meet a condition over timeline and `revisions`, the newest first."""
        timeline, revisions = self._tables.timeline, self._tables.revisions
        same = and_(revisions.c.model == timeline.c.model, revisions.c.revision == timeline.c.revision)
        joined = timeline.outerjoin(revisions, same)
        return self._lines(connection, joined, and_(timeline.c.model == model, condition), offset=offset, limit=limit)

    def open_lines(self, *, audiences: Sequence[str], submitted: bool) -> ColumnElement[bool]:
        """The lines of revisions open to these audiences (or once submitted), and what concerns no revision."""
        timeline, revisions = self._tables.timeline, self._tables.revisions
        of_revision: ColumnElement[bool] = revisions.c.audience.in_(audiences)
        if submitted:
            of_revision = or_(of_revision, revisions.c.submitted)
        loose = and_(timeline.c.revision == 0, timeline.c.audience.in_(audiences))
        return or_(and_(timeline.c.revision != 0, of_revision), loose)

    def audit(
        self,
        connection: Connection,
        *,
        text: str,
        actor: str,
        what: str,
        since: float,
        until: float,
        offset: int,
        limit: int,
    ) -> tuple[Sequence[RowMapping], int]:
        """Lines of every log, the newest first; `text` is looked for in name, subject, event and reason."""
        table = self._tables.timeline
        conditions: list[ColumnElement[bool]] = [true()]
        if text:
            columns = (table.c.model, table.c.subject, table.c.what, table.c.why)
            conditions.append(or_(*(func.lower(column).contains(text.lower(), autoescape=True) for column in columns)))
        if actor:
            conditions.append(table.c.actor == actor)
        if what:
            conditions.append(table.c.what == what)
        if since:
            conditions.append(table.c.at >= since)
        if until:
            conditions.append(table.c.at <= until)
        return self._lines(connection, table, and_(*conditions), offset=offset, limit=limit)

    def _lines(
        self, connection: Connection, source: FromClause, condition: ColumnElement[bool], *, offset: int, limit: int
    ) -> tuple[Sequence[RowMapping], int]:
        table = self._tables.timeline
        total = connection.execute(select(func.count()).select_from(source).where(condition)).scalar_one()
        query = (
            select(table)
            .select_from(source)
            .where(condition)
            .order_by(table.c.at.desc(), table.c.source, table.c.position.desc())
        )
        return connection.execute(query.offset(offset).limit(limit)).mappings().all(), total

    def changes(self, connection: Connection, *, after: int, limit: int) -> Sequence[RowMapping]:
        """Published changes after a position of registry's log, in order."""
        table = self._tables.changes
        query = select(table).where(table.c.position > after).order_by(table.c.position).limit(limit)
        return connection.execute(query).mappings().all()
