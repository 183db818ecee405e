"""The read model's tables, once for each generation; every source log writes tables of its own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text, false

POSITION = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _integer(name: str) -> Column[int]:
    return Column(name, POSITION, nullable=False, server_default="0")


def _moment(name: str) -> Column[float]:
    return Column(name, Double, nullable=False, server_default="0")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


class Tables:
    """The tables of one generation; `metadata` creates and drops them together.

    A model's key is its lower-cased name. Written by registry's log: models, owners, groups,
    revisions, contents, changes; by review's: verdicts, comments; by pr_bot's: pulls, remarks; by
    every log: timeline and touched.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.metadata = MetaData()
        self._prefix = f"g{generation}_"
        self._registry_models()
        self._registry_revisions()
        self._reviews_and_pulls()
        self._history()

    def _table(self, name: str, *columns: Column[str] | Column[int] | Column[float] | Column[bool] | Index) -> Table:
        return Table(self._prefix + name, self.metadata, *columns)

    def _index(self, name: str, *columns: str) -> Index:
        return Index(f"{self._prefix}{name}", *columns)

    def _registry_models(self) -> None:
        self.models = self._table(
            "models",
            Column("id", Text, primary_key=True),
            *map(_text, ("name", "type", "state", "lifecycle", "visibility", "audience")),
            *map(_text, ("published_sha256", "reason", "replacement", "origin")),
            *map(_text, ("removed_upstream", "import_blocked", "conflict_paths")),
            *map(_integer, ("published_revision", "latest_revision", "submitted_revision", "newest_submitted")),
            *map(_integer, ("shown_revision", "upstream_order", "seen_upstream", "conflict_revision")),
            *map(_flag, ("quarantined", "featured", "ever_submitted")),
            *map(_moment, ("created_at", "changed_at", "published_at")),
        )
        self.owners = self._table(
            "owners",
            Column("model", Text, primary_key=True),
            Column("user_id", Text, primary_key=True),
            self._index("owners_user_id", "user_id"),
        )
        self.groups = self._table(
            "groups",
            Column("model", Text, primary_key=True),
            Column("group_id", Text, primary_key=True),
            self._index("groups_group_id", "group_id"),
        )

    def _registry_revisions(self) -> None:
        self.revisions = self._table(
            "revisions",
            Column("model", Text, primary_key=True),
            Column("revision", Integer, primary_key=True),
            *map(_text, ("stage", "audience", "visibility", "message", "submitter", "origin")),
            *map(_text, ("document_sha256", "checks", "facts")),
            *map(_integer, ("base_revision", "updated_at")),
            *map(_flag, ("submitted", "first")),
            *map(_moment, ("created_at", "submitted_at")),
        )
        self.contents = self._table(
            "contents",
            Column("model", Text, primary_key=True),
            Column("revision", Integer, primary_key=True),
            *map(_text, ("readme", "document")),
        )
        self.changes = self._table(
            "changes",
            Column("position", POSITION, primary_key=True, autoincrement=False),
            *map(_text, ("name", "type", "what", "document_sha256")),
            _integer("revision"),
            _moment("at"),
        )

    def _reviews_and_pulls(self) -> None:
        self.verdicts = self._table(
            "verdicts",
            Column("model", Text, primary_key=True),
            Column("revision", Integer, primary_key=True),
            *map(_text, ("state", "submitter", "reviewer", "feedback", "claimed_by")),
            *map(_moment, ("requested_at", "decided_at")),
            self._index("verdicts_state", "state", "requested_at"),
        )
        self.comments = self._table(
            "comments",
            Column("position", POSITION, primary_key=True, autoincrement=False),
            *map(_text, ("model", "author", "text", "path", "side")),
            *map(_integer, ("revision", "line", "against")),
            _moment("at"),
            self._index("comments_model", "model", "revision"),
        )
        self.pulls = self._table(
            "pulls",
            Column("model", Text, primary_key=True),
            *map(_text, ("name", "state", "url", "branch", "base", "title", "head_sha", "base_sha")),
            *map(_text, ("reason", "opened_as", "body", "diff")),
            *map(_text, ("checks_state", "checks", "release")),
            *map(_integer, ("number", "revision", "next_try_at", "release_number")),
            _flag("draft"),
            *map(_moment, ("opened_at", "changed_at")),
            self._index("pulls_state", "state", "changed_at"),
        )
        self.remarks = self._table(
            "remarks",
            Column("model", Text, primary_key=True),
            Column("number", Integer, primary_key=True),
            Column("remark", Text, primary_key=True),
            *map(_text, ("kind", "author", "text", "url", "path", "verdict")),
            _integer("at"),
            _flag("edited"),
        )

    def _history(self) -> None:
        self.timeline = self._table(
            "timeline",
            Column("source", Text, primary_key=True),
            Column("position", POSITION, primary_key=True),
            *map(_text, ("model", "name", "subject", "actor", "what", "why", "audience")),
            _integer("revision"),
            _moment("at"),
            self._index("timeline_model", "model", "at"),
            self._index("timeline_at", "at"),
        )
        self.touched = self._table(
            "touched",
            Column("model", Text, primary_key=True),
            _integer("seq"),
            self._index("touched_seq", "seq"),
        )
