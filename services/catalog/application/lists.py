"""Lists: browse, My Models, the Review List, pull requests, changes, the audit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_

from services.catalog.application import pages
from services.catalog.application.view import View
from services.catalog.domain import PUBLIC, next_step
from services.catalog.projection.histories import UNLISTED_PULLS
from services.catalog.projection.models import Card
from services.catalog.search import Search
from shared.contracts.catalog import (
    Changes,
    FacetCount,
    FindAudit,
    FindModels,
    FindMyModels,
    FindPulls,
    FindReviews,
    ModelPage,
    ModelRow,
    MyModelRow,
    MyModels,
    PublishedChange,
    Pulls,
    ReadChanges,
    Reviews,
    Timeline,
)
from shared.errors import Forbidden, Invalid

Facets = dict[str, list[FacetCount]]

_FACETS = ("type", "ability", "engine", "format", "quantization", "source", "language")


def find_models(view: View, request: FindModels, *, facets: Facets) -> ModelPage:
    """The page that the search index finds, with the cards as the tables hold them."""
    search = _search(request)
    ids, total = view.generation.index.page(search, view.viewer)
    cards = view.generation.models.cards(view.connection, ids)
    return ModelPage(
        items=model_rows(view, [cards[model] for model in ids if model in cards]),
        total=total,
        page=request.page,
        per_page=request.per_page,
        facets=facets,
    )


def count_facets(view: View, request: FindModels) -> Facets:
    """The counts beside the page, the same on each of its pages and in any order."""
    counted = view.generation.index.facets(_search(request), view.viewer)
    return {name: [FacetCount(value=value, count=count) for value, count in counts] for name, counts in counted.items()}


def _search(request: FindModels) -> Search:
    return Search(
        text=request.q,
        filters={name: getattr(request, name) for name in _FACETS},
        size_min_b=request.size_min_b,
        size_max_b=request.size_max_b,
        fits_gb=request.fits_gb,
        featured=request.featured,
        status=request.status,
        sort=request.sort,
        offset=(request.page - 1) * request.per_page,
        limit=request.per_page,
    )


def model_rows(view: View, cards: Sequence[Card]) -> list[ModelRow]:
    """The cards as the viewer may see them."""
    presences = view.feeds.presences(view.connection, view.generation, cards)
    owned = view.generation.models.owned_among(view.connection, view.viewer, [card.id for card in cards])
    return [
        pages.model_row(
            card,
            pending=_pending(view, card, owned=card.id in owned),
            withheld=card.audience == PUBLIC and not presences[card.id].served,
        )
        for card in cards
    ]


def _pending(view: View, card: Card, *, owned: bool) -> int:
    insider = owned or view.viewer.is_operator or view.viewer.is_reviewer
    return card.pending if insider or card.pending_audience == card.audience else 0


def find_my_models(view: View, request: FindMyModels) -> MyModels:
    if not view.viewer.signed_in:
        raise Forbidden("My Models are for people who are signed in; sign in first", slug="not-signed-in")
    models, histories = view.generation.models, view.generation.histories
    offset = (request.page - 1) * request.per_page
    cards, total = models.owned_cards(view.connection, view.viewer, offset=offset, limit=request.per_page)
    pulls = histories.pull_states(view.connection, [card.id for card in cards])
    revisions = histories.latest_revisions(view.connection, [card.id for card in cards])
    rows = model_rows(view, cards)
    items = []
    for card, row in zip(cards, rows, strict=True):
        latest = revisions[card.id]
        pull = pulls.get(card.id, "none")
        items.append(
            MyModelRow(
                summary=row,
                latest_revision=card.latest_revision,
                latest_state=latest["state"],
                pull_request_state=pull,
                next_step=next_step(
                    model_state=card.state,
                    latest_state=latest["state"],
                    pull_request_state=pull,
                    conflicted=card.conflicted,
                ),
                feedback=latest["feedback"] or "",
                changed_at=card.changed_at,
            )
        )
    return MyModels(items=items, total=total, page=request.page, per_page=request.per_page, stale=view.stale)


def find_reviews(view: View, request: FindReviews) -> Reviews:
    require_reviewer(view)
    histories = view.generation.histories
    rows, total = histories.reviews(
        view.connection,
        state=request.state,
        model_type=request.type,
        text=request.q,
        submitter=request.submitter,
        oldest_first=request.sort == "age",
        offset=(request.page - 1) * request.per_page,
        limit=request.per_page,
    )
    comments = histories.comment_counts(view.connection, [row["model"] for row in rows])
    items = [
        pages.review_row(row, now=view.now, comments=comments.get((row["model"], row["revision"]), 0)) for row in rows
    ]
    return Reviews(items=items, total=total, page=request.page, per_page=request.per_page, stale=view.stale)


def require_reviewer(view: View) -> None:
    if not (view.viewer.is_reviewer or view.viewer.is_operator):
        raise Forbidden("the Review List is for reviewers; ask an operator for the role", slug="not-reviewer")


def visible_pulls(view: View) -> ColumnElement[bool]:
    """Everyone sees those of public models; owners their own, reviewers those of what was submitted."""
    models, table = view.generation.models, view.generation.tables.models
    if view.viewer.is_operator or view.viewer.is_reviewer:
        return models.visible(view.viewer)
    return or_(table.c.audience == PUBLIC, models.owned(view.viewer))


def find_pulls(view: View, request: FindPulls) -> Pulls:
    """As `visible_pulls`."""
    rows, counts = view.generation.histories.pulls(
        view.connection,
        visible=visible_pulls(view),
        state=request.state,
        offset=(request.page - 1) * request.per_page,
        limit=request.per_page,
    )
    listed = {state: count for state, count in counts.items() if state not in UNLISTED_PULLS}
    return Pulls(
        items=[pages.pull_request(row, name=row["name"], model_type=row["type"], whole=False) for row in rows],
        total=counts.get(request.state, 0) if request.state else sum(listed.values()),
        page=request.page,
        per_page=request.per_page,
        counts=counts,
        stale=view.stale,
    )


def read_changes(view: View, request: ReadChanges) -> Changes:
    """`next` is the last item's position, or `after` again where nothing followed."""
    rows = view.generation.histories.changes(view.connection, after=_after(request.after), limit=request.limit)
    items = [
        PublishedChange(
            position=f"registry:{row['position']}",
            at=row["at"],
            name=row["name"],
            type=row["type"],
            what=row["what"],
            revision=row["revision"],
            document_sha256=row["document_sha256"],
        )
        for row in rows
    ]
    following = items[-1].position if items else request.after or "registry:0"
    return Changes(items=items, next=following, stale=view.stale)


def _after(position: str) -> int:
    source, _, number = position.partition(":")
    if not position:
        return 0
    if source != "registry" or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise Invalid(
            f"after {position[:80]!r}: expected registry:<number>, the `next` of an earlier answer",
            details={"errors": [{"path": "/after", "message": "Expected registry:<number>."}]},
        )
    return int(number)


def find_audit(view: View, request: FindAudit) -> Timeline:
    if not view.viewer.is_operator:
        raise Forbidden("the audit is for operators; ask one of them", slug="not-operator")
    rows, total = view.generation.histories.audit(
        view.connection,
        text=request.q,
        actor=request.actor,
        what=request.what,
        since=request.since,
        until=request.until,
        offset=(request.page - 1) * request.per_page,
        limit=request.per_page,
    )
    items = [pages.timeline_entry(row) for row in rows]
    return Timeline(items=items, total=total, page=request.page, per_page=request.per_page, stale=view.stale)
