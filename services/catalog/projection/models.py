"""Reads of models: who may see them, their cards in lists, what clients get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, false, func, or_, select, true

from services.catalog.domain import ENTERPRISE, PUBLIC, Access, Viewer
from services.catalog.projection.states import awaits_owner, revision_state
from services.catalog.projection.summary import Summary, summary_from
from services.catalog.projection.tables import Tables

OFFERED_STATES = ("published", "deprecated")
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A model as a list shows it. `pending` is the revision that waits, 0 for none; `pending_audience` sees it."""

    id: str
    name: str
    type: str
    visibility: str
    audience: str
    state: str
    revision: int
    latest_revision: int
    document_sha256: str
    featured: bool
    changed_at: float
    pending: int
    pending_audience: str
    upstream_order: int
    conflicted: bool
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What the search index holds of a model: its card, its README, and who may find it."""

    card: Card
    readme: str
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """A model's document as a client would get it."""

    id: str
    name: str
    order: int
    revision: int
    document_sha256: str


class ModelReads:
    """Reads over one generation's tables; every method takes the reader's connection."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        # Building a statement costs more than running it: those of every page are built once.
        models, owners, groups = tables.models, tables.owners, tables.groups
        self._model = select(models).where(models.c.id == bindparam("model"))
        self._owners = select(owners.c.user_id).where(owners.c.model == bindparam("model")).order_by(owners.c.user_id)
        self._groups = select(groups.c.group_id).where(groups.c.model == bindparam("model")).order_by(groups.c.group_id)
        touched = tables.touched
        touched_models = select(touched.c.model, models.c.type).join_from(
            touched, models, models.c.id == touched.c.model
        )
        self._touched_types = touched_models.where(touched.c.seq > bindparam("seq")).limit(bindparam("at_most"))
        self._cards = self._card_rows()
        self._cards_of = self._cards.where(models.c.id.in_(bindparam("ids", expanding=True)))

    def model(self, connection: Connection, name: str) -> RowMapping | None:
        """The model's row by its name in any case."""
        return connection.execute(self._model, {"model": name.lower()}).mappings().first()

    def access(self, connection: Connection, model: RowMapping) -> Access:
        """Who may see the model."""
        return Access(
            audience=model["audience"],
            owners=self.owners(connection, model["id"]),
            groups=self.groups(connection, model["id"]),
            ever_submitted=model["ever_submitted"],
        )

    def owners(self, connection: Connection, model: str) -> list[str]:
        return list(connection.execute(self._owners, {"model": model}).scalars())

    def groups(self, connection: Connection, model: str) -> list[str]:
        return list(connection.execute(self._groups, {"model": model}).scalars())

    def visible(self, viewer: Viewer) -> ColumnElement[bool]:
        """`domain.may_see` as a condition over the models table."""
        models = self._tables.models
        if viewer.is_operator:
            return true()
        return or_(
            self._belonging(viewer),
            self.owned(viewer),
            models.c.ever_submitted if viewer.is_reviewer else false(),
        )

    def owned(self, viewer: Viewer) -> ColumnElement[bool]:
        """Models the viewer owns or shares."""
        models, owners = self._tables.models, self._tables.owners
        return models.c.id.in_(select(owners.c.model).where(owners.c.user_id == viewer.user_id))

    def owned_among(self, connection: Connection, viewer: Viewer, ids: Sequence[str]) -> set[str]:
        """Which of these models the viewer owns or shares."""
        if not viewer.signed_in:
            return set()
        owners = self._tables.owners
        query = select(owners.c.model).where(owners.c.user_id == viewer.user_id, owners.c.model.in_(ids))
        return set(connection.execute(query).scalars())

    def _belonging(self, viewer: Viewer) -> ColumnElement[bool]:
        models, groups = self._tables.models, self._tables.groups
        public = models.c.audience == PUBLIC
        if not viewer.groups:
            return public
        granted = select(groups.c.model).where(groups.c.group_id.in_(sorted(viewer.groups)))
        return or_(public, and_(models.c.audience == ENTERPRISE, models.c.id.in_(granted)))

    def cards(self, connection: Connection, ids: Sequence[str]) -> dict[str, Card]:
        """The cards of these models, by id."""
        rows = connection.execute(self._cards_of, {"ids": list(ids)}).mappings()
        return {row["id"]: _card(row) for row in rows}

    def owned_cards(self, connection: Connection, viewer: Viewer, *, offset: int, limit: int) -> tuple[list[Card], int]:
        """The viewer's own models and how many there are: what waits for its owner first, then the last changed."""
        models = self._tables.models
        owned = self.owned(viewer)
        total = connection.execute(select(func.count()).select_from(models).where(owned)).scalar_one()
        order = (awaits_owner(self._tables).desc(), models.c.changed_at.desc(), models.c.id)
        page = self._cards.where(owned).order_by(*order)
        rows = connection.execute(page.offset(offset).limit(limit)).mappings()
        return [_card(row) for row in rows], total

    def public_count(self, connection: Connection) -> int:
        """How many models everyone finds."""
        models = self._tables.models
        query = select(func.count()).select_from(models)
        offered = and_(models.c.audience == PUBLIC, models.c.state.in_(OFFERED_STATES))
        count: int = connection.execute(query.where(offered)).scalar_one()
        return count

    def indexed(self, connection: Connection, ids: Iterable[str] | None = None) -> Iterator[Indexed]:
        """What the search index holds of these models, or of all, in no order."""
        models = self._tables.models
        if ids is None:
            ids = connection.execute(select(models.c.id)).scalars().all()
        wanted = list(ids)
        for start in range(0, len(wanted), _CHUNK):
            yield from self._indexed(connection, wanted[start : start + _CHUNK])

    def _indexed(self, connection: Connection, ids: Sequence[str]) -> Iterator[Indexed]:
        models, contents = self._tables.models, self._tables.contents
        content = and_(contents.c.model == models.c.id, contents.c.revision == models.c.shown_revision)
        readmes = select(models.c.id, contents.c.readme).join_from(models, contents, content)
        texts = {row.id: row.readme for row in connection.execute(readmes.where(models.c.id.in_(ids)))}
        owners = self._members(connection, ids, kind="owners")
        groups = self._members(connection, ids, kind="groups")
        query = self._cards.add_columns(models.c.ever_submitted).where(models.c.id.in_(ids))
        for row in connection.execute(query).mappings():
            access = Access(
                audience=row["audience"],
                owners=owners.get(row["id"], ()),
                groups=groups.get(row["id"], ()),
                ever_submitted=row["ever_submitted"],
            )
            yield Indexed(card=_card(row), readme=texts.get(row["id"], ""), access=access)

    def _members(self, connection: Connection, ids: Sequence[str], *, kind: str) -> dict[str, list[str]]:
        owners = kind == "owners"
        table, column = (self._tables.owners, "user_id") if owners else (self._tables.groups, "group_id")
        found: dict[str, list[str]] = {}
        for model, member in connection.execute(select(table.c.model, table.c[column]).where(table.c.model.in_(ids))):
            found.setdefault(model, []).append(member)
        return found

    def _card_rows(self) -> Select[Any]:
        models = self._tables.models
        shown, waiting = self._tables.revisions.alias("shown"), self._tables.revisions
        verdicts = self._tables.verdicts
        pending = and_(waiting.c.model == models.c.id, waiting.c.revision == models.c.submitted_revision)
        verdict = and_(verdicts.c.model == waiting.c.model, verdicts.c.revision == waiting.c.revision)
        joined = (
            models.join(shown, and_(shown.c.model == models.c.id, shown.c.revision == models.c.shown_revision))
            .outerjoin(waiting, pending)
            .outerjoin(verdicts, verdict)
        )
        return select(
            *(models.c[name] for name in ("id", "name", "type", "visibility", "audience", "state", "featured")),
            *(models.c[name] for name in ("shown_revision", "latest_revision", "submitted_revision", "changed_at")),
            *(models.c[name] for name in ("upstream_order", "conflict_revision")),
            shown.c.facts,
            shown.c.document_sha256,
            waiting.c.audience.label("pending_audience"),
            revision_state(self._tables).label("pending_state"),
        ).select_from(joined)

    def feed_sources(self, connection: Connection, model_type: str) -> list[FeedSource]:
        """What everyone's feed of a type is made from, in upstream's order."""
        return self._sources(connection, self._offered(model_type), self._tables.models.c.published_revision)

    def offered_source(self, connection: Connection, model_type: str, model: str) -> FeedSource | None:
        """What everyone's feed of the type is made from for one model; None where it holds none."""
        models = self._tables.models
        condition = and_(self._offered(model_type), models.c.id == model)
        return next(iter(self._sources(connection, condition, models.c.published_revision)), None)

    def _offered(self, model_type: str) -> ColumnElement[bool]:
        models = self._tables.models
        return and_(models.c.audience == PUBLIC, models.c.lifecycle != "archived", models.c.type == model_type)

    def private_sources(self, connection: Connection, model_type: str, viewer: Viewer) -> list[FeedSource]:
        """What the viewer's feed has beyond everyone's: own models that are not public, granted enterprise ones.

        Of own private models the latest submitted revision, of the others the published one.
        """
        if not viewer.signed_in:
            return []
        models = self._tables.models
        alive = and_(models.c.type == model_type, models.c.lifecycle != "archived", models.c.quarantined.is_(False))
        private = and_(alive, self.owned(viewer), models.c.visibility == "private", models.c.newest_submitted > 0)
        shared = and_(alive, models.c.audience == ENTERPRISE, or_(self._belonging(viewer), self.owned(viewer)))
        return self._sources(connection, private, models.c.newest_submitted) + self._sources(
            connection, shared, models.c.published_revision
        )

    def _sources(
        self, connection: Connection, condition: ColumnElement[bool], revision: ColumnElement[int]
    ) -> list[FeedSource]:
        models, revisions = self._tables.models, self._tables.revisions
        same = and_(revisions.c.model == models.c.id, revisions.c.revision == revision)
        query = (
            select(models.c.id, models.c.name, models.c.upstream_order, revisions.c.revision)
            .add_columns(revisions.c.document_sha256)
            .join_from(models, revisions, same)
            .where(condition)
            .order_by(models.c.upstream_order, models.c.id)
        )
        return [
            FeedSource(id=row[0], name=row[1], order=row[2], revision=row[3], document_sha256=row[4])
            for row in connection.execute(query)
        ]

    def documents(self, connection: Connection, sources: Sequence[FeedSource]) -> dict[str, str]:
        """The exact documents of these sources, by model id."""
        contents = self._tables.contents
        found: dict[str, str] = {}
        for start in range(0, len(sources), _CHUNK):
            chunk = {source.id: source.revision for source in sources[start : start + _CHUNK]}
            query = select(contents.c.model, contents.c.revision, contents.c.document)
            for row in connection.execute(query.where(contents.c.model.in_(chunk))):
                if chunk[row.model] == row.revision:
                    found[row.model] = row.document
        return found

    def newest_touch(self, connection: Connection) -> int:
        """The highest `seq` so far; it changes with every page."""
        newest: int = connection.execute(select(func.coalesce(func.max(self._tables.touched.c.seq), 0))).scalar_one()
        return newest

    def touched_since(self, connection: Connection, seq: int) -> list[str]:
        """Ids of models whose pages changed after `seq`."""
        table = self._tables.touched
        return list(connection.execute(select(table.c.model).where(table.c.seq > seq)).scalars())

    def touched_types(self, connection: Connection, seq: int, *, at_most: int) -> list[tuple[str, str]]:
        """(id, type) of the first of the models whose pages changed after `seq`."""
        rows = connection.execute(self._touched_types, {"seq": seq, "at_most": at_most})
        return [(row[0], row[1]) for row in rows]


def _card(row: RowMapping) -> Card:
    waits = row["submitted_revision"] and row["pending_state"] == "submitted"
    return Card(
        id=row["id"],
        name=row["name"],
        type=row["type"],
        visibility=row["visibility"],
        audience=row["audience"],
        state=row["state"],
        revision=row["shown_revision"],
        latest_revision=row["latest_revision"],
        document_sha256=row["document_sha256"],
        featured=row["featured"],
        changed_at=row["changed_at"],
        pending=row["submitted_revision"] if waits else 0,
        pending_audience=row["pending_audience"] or "",
        upstream_order=row["upstream_order"],
        conflicted=row["conflict_revision"] > 0,
        summary=summary_from(row["facts"]),
    )
