"""The catalog's calls: every read of models, revisions, reviews, pull requests, timeline, audit; the feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.catalog.application import details, feed_answers, lists
from services.catalog.application.cache import Answers
from services.catalog.application.feeds import Feeds
from services.catalog.application.generations import Generations
from services.catalog.application.reviewing import read_comments, read_neighbours, read_review
from services.catalog.application.view import View, Views
from shared.contracts import catalog as contract
from shared.contracts.common import Caller, Done, Empty, LogSlice, ReadLog, RetryParked, ServiceOperations
from shared.errors import Forbidden
from shared.service import LogService

_LISTS_KEPT = 500
_DETAILS_KEPT = 200


class Application:
    """Implements `shared.contracts.catalog.Catalog`."""

    def __init__(self, *, generations: Generations, feeds: Feeds, log: LogService, now: Callable[[], float]) -> None:
        self._generations = generations
        self._views = Views(generations, feeds, now=now)
        self._log = log
        self._lists = Answers(_LISTS_KEPT)
        self._facets = Answers(_LISTS_KEPT)
        self._details = Answers(_DETAILS_KEPT)
        self._versions = Answers(2)

    def version(self, request: Empty, caller: Caller) -> contract.CatalogVersion:
        return self._views.read(caller, self._read_version)

    def models(self, request: contract.FindModels, caller: Caller) -> contract.ModelPage:
        def read(view: View) -> contract.ModelPage:
            asked = (*_version(view), _who(caller))
            alike = repr(replace(request, min_position="", page=1, per_page=20, sort=""))

            def find() -> contract.ModelPage:
                facets = self._facets.get((*asked, alike), lambda: lists.count_facets(view, request))
                return lists.find_models(view, request, facets=facets)

            answer = self._lists.get((*asked, repr(replace(request, min_position=""))), find)
            return replace(answer, stale=view.stale)

        return self._views.read(caller, read, request.min_position, searching=True)

    def model(self, request: contract.ReadModel, caller: Caller) -> contract.ModelDetail:
        def read(view: View) -> contract.ModelDetail:
            key = (*_version(view), _who(caller), request.name.lower())
            answer = self._details.get(key, lambda: details.read_model(view, request))
            return replace(answer, stale=view.stale)

        return self._views.read(caller, read, request.min_position)

    def revisions(self, request: contract.ReadModel, caller: Caller) -> contract.Revisions:
        return self._views.read(caller, lambda view: details.read_revisions(view, request), request.min_position)

    def revision(self, request: contract.ReadRevision, caller: Caller) -> contract.Revision:
        return self._views.read(caller, lambda view: details.read_revision(view, request), request.min_position)

    def diff(self, request: contract.ReadDiff, caller: Caller) -> contract.Diff:
        return self._views.read(caller, lambda view: details.read_diff(view, request), request.min_position)

    def revision_changes(self, request: contract.ReadRevisionChanges, caller: Caller) -> contract.ChangesOfRevisions:
        return self._views.read(caller, lambda view: details.read_revision_changes(view, request), request.min_position)

    def timeline(self, request: contract.ReadTimeline, caller: Caller) -> contract.Timeline:
        return self._views.read(caller, lambda view: details.read_timeline(view, request), request.min_position)

    def pull_request(self, request: contract.ReadModel, caller: Caller) -> contract.PullRequest:
        return self._views.read(caller, lambda view: details.read_pull_request(view, request), request.min_position)

    def my_models(self, request: contract.FindMyModels, caller: Caller) -> contract.MyModels:
        return self._views.read(caller, lambda view: lists.find_my_models(view, request), request.min_position)

    def reviews(self, request: contract.FindReviews, caller: Caller) -> contract.Reviews:
        return self._views.read(caller, lambda view: lists.find_reviews(view, request), request.min_position)

    def review(self, request: contract.ReadRevision, caller: Caller) -> contract.ReviewDetail:
        return self._views.read(caller, lambda view: read_review(view, request), request.min_position)

    def review_comments(self, request: contract.ReadRevision, caller: Caller) -> contract.ReviewComments:
        return self._views.read(caller, lambda view: read_comments(view, request), request.min_position)

    def review_neighbours(self, request: contract.ReadRevision, caller: Caller) -> contract.ReviewNeighbours:
        return self._views.read(caller, lambda view: read_neighbours(view, request), request.min_position)

    def pulls(self, request: contract.FindPulls, caller: Caller) -> contract.Pulls:
        return self._views.read(caller, lambda view: lists.find_pulls(view, request), request.min_position)

    def changes(self, request: contract.ReadChanges, caller: Caller) -> contract.Changes:
        return self._views.read(caller, lambda view: lists.read_changes(view, request), request.min_position)

    def feed(self, request: contract.ReadFeed, caller: Caller) -> contract.Feed:
        return self._views.read(caller, lambda view: feed_answers.read_feed(view, request), request.min_position)

    def feed_versions(self, request: contract.ReadFeedVersions, caller: Caller) -> contract.FeedVersions:
        return self._views.read(caller, feed_answers.read_feed_versions, request.min_position)

    def audit(self, request: contract.FindAudit, caller: Caller) -> contract.Timeline:
        return self._views.read(caller, lambda view: lists.find_audit(view, request), request.min_position)

    def rebuild(self, request: Empty, caller: Caller) -> Done:
        if not caller.has("operator"):
            raise Forbidden("a rebuild is for operators; ask one of them", slug="not-operator")
        self._generations.rebuild()
        return Done()

    def read_log(self, request: ReadLog, caller: Caller) -> LogSlice:
        return self._log.read_log(request, caller)

    def operations(self, request: Empty, caller: Caller) -> ServiceOperations:
        return self._log.operations(request, caller)

    def retry_parked(self, request: RetryParked, caller: Caller) -> Done:
        return self._log.retry_parked(request, caller)

    def _read_version(self, view: View) -> contract.CatalogVersion:
        version = view.generation.current()
        return contract.CatalogVersion(
            version=f"{view.generation.number}.{version}",
            rebuilding=self._generations.rebuilding,
            public_models=self._versions.get(
                (view.generation.made, version), lambda: view.generation.models.public_count(view.connection)
            ),
        )


def _version(view: View) -> tuple[int, int]:
    return view.generation.made, view.version


def _who(caller: Caller) -> tuple[object, ...]:
    """What an answer depends on of its reader."""
    return (caller.user_id, tuple(sorted(caller.roles)), tuple(sorted(caller.groups)))
