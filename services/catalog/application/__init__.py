"""The catalog's calls: every read of models, revisions, reviews, pull requests, timeline, audit; the feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.catalog.application import details, feed_answers, lists
from services.catalog.application.cache import Answers
from services.catalog.application.feeds import Feeds
from services.catalog.application.generations import Generations
from services.catalog.application.reviewing import read_review
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
        served = self._generations.served
        version = served.current()

        def count() -> int:
            with self._generations.reading() as generation, generation.database.read() as connection:
                return generation.models.public_count(connection)

        return contract.CatalogVersion(
            version=f"{served.number}.{version}",
            rebuilding=self._generations.rebuilding,
            public_models=self._versions.get((served.number, version), count),
        )

    def models(self, request: contract.FindModels, caller: Caller) -> contract.ModelPage:
        with self._views.open(caller, request.min_position, searching=True) as view:
            asked = (*_version(view), _who(caller))
            alike = repr(replace(request, min_position="", page=1, per_page=20, sort=""))

            def find() -> contract.ModelPage:
                facets = self._facets.get((*asked, alike), lambda: lists.count_facets(view, request))
                return lists.find_models(view, request, facets=facets)

            answer = self._lists.get((*asked, repr(replace(request, min_position=""))), find)
            return replace(answer, stale=view.stale)

    def model(self, request: contract.ReadModel, caller: Caller) -> contract.ModelDetail:
        with self._views.open(caller, request.min_position) as view:
            key = (*_version(view), _who(caller), request.name.lower())
            answer = self._details.get(key, lambda: details.read_model(view, request))
            return replace(answer, stale=view.stale)

    def revisions(self, request: contract.ReadModel, caller: Caller) -> contract.Revisions:
        with self._views.open(caller, request.min_position) as view:
            return details.read_revisions(view, request)

    def revision(self, request: contract.ReadRevision, caller: Caller) -> contract.Revision:
        with self._views.open(caller, request.min_position) as view:
            return details.read_revision(view, request)

    def diff(self, request: contract.ReadDiff, caller: Caller) -> contract.Diff:
        with self._views.open(caller, request.min_position) as view:
            return details.read_diff(view, request)

    def timeline(self, request: contract.ReadTimeline, caller: Caller) -> contract.Timeline:
        with self._views.open(caller, request.min_position) as view:
            return details.read_timeline(view, request)

    def pull_request(self, request: contract.ReadModel, caller: Caller) -> contract.PullRequest:
        with self._views.open(caller, request.min_position) as view:
            return details.read_pull_request(view, request)

    def my_models(self, request: contract.FindMyModels, caller: Caller) -> contract.MyModels:
        with self._views.open(caller, request.min_position) as view:
            return lists.find_my_models(view, request)

    def reviews(self, request: contract.FindReviews, caller: Caller) -> contract.Reviews:
        with self._views.open(caller, request.min_position) as view:
            return lists.find_reviews(view, request)

    def review(self, request: contract.ReadRevision, caller: Caller) -> contract.ReviewDetail:
        with self._views.open(caller, request.min_position) as view:
            return read_review(view, request)

    def pulls(self, request: contract.FindPulls, caller: Caller) -> contract.Pulls:
        with self._views.open(caller, request.min_position) as view:
            return lists.find_pulls(view, request)

    def changes(self, request: contract.ReadChanges, caller: Caller) -> contract.Changes:
        with self._views.open(caller, request.min_position) as view:
            return lists.read_changes(view, request)

    def feed(self, request: contract.ReadFeed, caller: Caller) -> contract.Feed:
        with self._views.open(caller) as view:
            return feed_answers.read_feed(view, request)

    def feed_versions(self, request: Empty, caller: Caller) -> contract.FeedVersions:
        with self._views.open(caller) as view:
            return feed_answers.read_feed_versions(view)

    def audit(self, request: contract.FindAudit, caller: Caller) -> contract.Timeline:
        with self._views.open(caller, request.min_position) as view:
            return lists.find_audit(view, request)

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


def _version(view: View) -> tuple[int, int]:
    return view.generation.number, view.version


def _who(caller: Caller) -> tuple[object, ...]:
    """What an answer depends on of its reader."""
    return (caller.user_id, tuple(sorted(caller.roles)), tuple(sorted(caller.groups)))
