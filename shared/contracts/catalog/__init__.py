"""Catalog: every read of models, revisions, reviews, pull requests, timeline and audit; and the feed.

People are opaque ids here; the gateway puts names to them. Times are Unix seconds. Every read takes
`min_position` (comma-separated `<service>:<n>`), waits for them 2 s at most for signed-in callers,
and says `stale` in its answer where it did not get there. Positions are what the answering replica shows.
"""

from __future__ import annotations

from typing import Protocol

from shared.contracts.catalog.feed import (
    Changes,
    Feed,
    FeedVersions,
    PublishedChange,
    ReadChanges,
    ReadFeed,
    ReadFeedVersions,
)
from shared.contracts.catalog.history import (
    Change,
    ChangedPlace,
    ChangesOfRevisions,
    Diff,
    FindAudit,
    ReadDiff,
    ReadRevision,
    ReadRevisionChanges,
    ReadTimeline,
    Revision,
    RevisionChanges,
    RevisionRow,
    Revisions,
    Timeline,
    TimelineEntry,
)
from shared.contracts.catalog.models import (
    CatalogVersion,
    FacetCount,
    FeedPresence,
    FindModels,
    ModelDetail,
    ModelPage,
    ModelRow,
    PendingRevision,
    PullCheck,
    PullRemark,
    PullRequest,
    ReadModel,
    ReleaseSpan,
)
from shared.contracts.catalog.work import (
    FindMyModels,
    FindPulls,
    FindReviews,
    MyModelRow,
    MyModels,
    Pulls,
    ReviewComment,
    ReviewComments,
    ReviewDetail,
    ReviewNeighbours,
    ReviewPlace,
    ReviewRow,
    Reviews,
)
from shared.contracts.common import Caller, Done, Empty, Service

__all__ = [
    "Catalog",
    "CatalogVersion",
    "Change",
    "ChangedPlace",
    "Changes",
    "ChangesOfRevisions",
    "Diff",
    "FacetCount",
    "Feed",
    "FeedPresence",
    "FeedVersions",
    "FindAudit",
    "FindModels",
    "FindMyModels",
    "FindPulls",
    "FindReviews",
    "ModelDetail",
    "ModelPage",
    "ModelRow",
    "MyModelRow",
    "MyModels",
    "PendingRevision",
    "PublishedChange",
    "PullCheck",
    "PullRemark",
    "PullRequest",
    "Pulls",
    "ReadChanges",
    "ReadDiff",
    "ReadFeed",
    "ReadFeedVersions",
    "ReadModel",
    "ReadRevision",
    "ReadRevisionChanges",
    "ReadTimeline",
    "ReleaseSpan",
    "ReviewComment",
    "ReviewComments",
    "ReviewDetail",
    "ReviewNeighbours",
    "ReviewPlace",
    "ReviewRow",
    "Reviews",
    "Revision",
    "RevisionChanges",
    "RevisionRow",
    "Revisions",
    "Timeline",
    "TimelineEntry",
]


class Catalog(Service, Protocol):
    def version(self, request: Empty, caller: Caller) -> CatalogVersion: ...

    def models(self, request: FindModels, caller: Caller) -> ModelPage: ...

    def model(self, request: ReadModel, caller: Caller) -> ModelDetail: ...

    def revisions(self, request: ReadModel, caller: Caller) -> Revisions: ...

    def revision(self, request: ReadRevision, caller: Caller) -> Revision: ...

    def diff(self, request: ReadDiff, caller: Caller) -> Diff: ...

    def revision_changes(self, request: ReadRevisionChanges, caller: Caller) -> ChangesOfRevisions: ...

    def timeline(self, request: ReadTimeline, caller: Caller) -> Timeline: ...

    def pull_request(self, request: ReadModel, caller: Caller) -> PullRequest: ...

    def my_models(self, request: FindMyModels, caller: Caller) -> MyModels: ...

    def reviews(self, request: FindReviews, caller: Caller) -> Reviews: ...

    def review(self, request: ReadRevision, caller: Caller) -> ReviewDetail: ...

    def review_comments(self, request: ReadRevision, caller: Caller) -> ReviewComments:
        """For whom `review` is; NotFound for a revision that nobody was asked about."""

    def review_neighbours(self, request: ReadRevision, caller: Caller) -> ReviewNeighbours:
        """For reviewers and operators."""

    def pulls(self, request: FindPulls, caller: Caller) -> Pulls: ...

    def changes(self, request: ReadChanges, caller: Caller) -> Changes: ...

    def feed(self, request: ReadFeed, caller: Caller) -> Feed:
        """NotFound for an unknown, hidden or dangerous `model_name`."""

    def feed_versions(self, request: ReadFeedVersions, caller: Caller) -> FeedVersions: ...

    def audit(self, request: FindAudit, caller: Caller) -> Timeline: ...

    def rebuild(self, request: Empty, caller: Caller) -> Done:
        """Starts a new generation of the read models beside the served one."""
