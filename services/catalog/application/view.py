"""One read: who reads, from which generation's snapshot, at which version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError

from services.catalog.application.feeds import Feeds
from services.catalog.application.generation import Generation
from services.catalog.application.generations import Generations
from services.catalog.application.waiting import WAIT_S, wish_in
from services.catalog.domain import Access, Viewer, manages, may_see, may_see_revision, reviews
from shared.contracts.common import Caller
from shared.errors import NotFound, Unavailable

Answer = TypeVar("Answer")


class ModelNotFound(NotFound):
    slug = "model-not-found"


class RevisionNotFound(NotFound):
    slug = "revision-not-found"


@dataclass(frozen=True, kw_only=True)
class View:
    """`stale`: the positions asked for were not reached in time."""

    generation: Generation
    viewer: Viewer
    version: int
    stale: bool
    feeds: Feeds
    now: float
    snapshot: Callable[[], Connection]

    @cached_property
    def connection(self) -> Connection:
        """A snapshot of the tables, taken when it is first needed: a kept answer needs none."""
        return self.snapshot()

    def model(self, name: str) -> SeenModel:
        """The model, if the viewer may see it; ModelNotFound otherwise, the same for a hidden one and for none."""
        row = self.generation.models.model(self.connection, name)
        access = self.generation.models.access(self.connection, row) if row is not None else None
        if row is None or access is None or not may_see(access, self.viewer):
            raise ModelNotFound(f"model {name}: there is none that you may see; check the name's spelling")
        return SeenModel(view=self, row=row, access=access)


@dataclass(frozen=True, kw_only=True)
class SeenModel:
    """A model that the viewer may see."""

    view: View
    row: RowMapping
    access: Access

    @property
    def id(self) -> str:
        model: str = self.row["id"]
        return model

    @property
    def name(self) -> str:
        name: str = self.row["name"]
        return name

    @property
    def manages(self) -> bool:
        return manages(self.access, self.view.viewer)

    @property
    def reviews(self) -> bool:
        return reviews(self.access, self.view.viewer)

    def open_revision(self, row: RowMapping) -> bool:
        """Whether the viewer may see this revision."""
        return may_see_revision(self.access, self.view.viewer, audience=row["audience"], submitted=row["submitted"])

    def revision(self, number: int) -> RowMapping:
        """The revision with its content; RevisionNotFound where there is none that the viewer may see."""
        row = self.find_revision(number)
        if row is None:
            raise RevisionNotFound(f"model {self.name}: it has no revision {number} that you may see")
        return row

    def find_revision(self, number: int) -> RowMapping | None:
        row = self.view.generation.histories.revision(self.view.connection, self.id, number)
        return row if row is not None and self.open_revision(row) else None

    @cached_property
    def open_rows(self) -> Mapping[int, RowMapping]:
        """By number, the newest first: all revisions that the viewer may see, without their content."""
        rows = self.view.generation.histories.revisions(self.view.connection, self.id)
        return {row["revision"]: row for row in rows if self.open_revision(row)}

    def is_served(self, revision: int) -> bool:
        """Whether this is what everyone's clients are offered."""
        row = self.row
        return bool(
            revision == row["published_revision"]
            and row["audience"] == "public"
            and row["state"] in ("published", "deprecated")
        )

    @property
    def shows_pull_request(self) -> bool:
        return self.manages or self.reviews or self.access.audience == "public"


class Views:
    """Opens reads on whatever generation is served."""

    def __init__(self, generations: Generations, feeds: Feeds, *, now: Callable[[], float]) -> None:
        self._generations = generations
        self._feeds = feeds
        self._now = now

    def read(
        self, caller: Caller, make: Callable[[View], Answer], min_position: str = "", *, searching: bool = False
    ) -> Answer:
        """What `make` answers from one view; once more where another replica has dropped the generation meanwhile.

        A NotFound of a view that is behind says `stale` in its details: the thing may be on its way.
        """
        try:
            return self._read(caller, make, min_position, searching=searching)
        except DBAPIError as error:
            if not is_missing_table(error):
                raise
        self._generations.look()
        try:
            return self._read(caller, make, min_position, searching=searching)
        except DBAPIError as error:
            if not is_missing_table(error):
                raise
            raise Unavailable("catalog: its read models are being replaced; try again in a moment") from error

    def _read(self, caller: Caller, make: Callable[[View], Answer], min_position: str, *, searching: bool) -> Answer:
        with self.open(caller, min_position, searching=searching) as view:
            try:
                return make(view)
            except NotFound as error:
                if view.stale:
                    error.details = {**error.details, "stale": True}
                raise

    @contextmanager
    def open(self, caller: Caller, min_position: str = "", *, searching: bool = False) -> Iterator[View]:
        """Waits for `min_position` first, 2 s at most and for signed-in callers only; the index where `searching`."""
        wish = wish_in(min_position)
        stale = False
        if wish.positions and caller.user_id:
            stale = not self._generations.reached(wish.positions, WAIT_S)
        if wish.version[0] > self._generations.served.number:
            self._generations.look()
        with ExitStack() as stack:
            generation = stack.enter_context(self._generations.reading())
            version = generation.current if searching else generation.version
            behind = wish.version[0] > 0 and wish.version > (generation.number, version())
            yield View(
                generation=generation,
                viewer=viewer_of(caller),
                version=version(look=bool(wish.positions) or behind),
                stale=stale,
                feeds=self._feeds,
                now=self._now(),
                snapshot=lambda: stack.enter_context(generation.database.read()),
            )


def is_missing_table(error: DBAPIError) -> bool:
    """Whether the statement named a table that is not there (any more)."""
    return getattr(error.orig, "pgcode", "") == "42P01" or "no such table" in str(error.orig)


def viewer_of(caller: Caller) -> Viewer:
    return Viewer(user_id=caller.user_id, roles=frozenset(caller.roles), groups=frozenset(caller.groups))
