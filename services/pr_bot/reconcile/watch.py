"""Looks at upstream's main and tells, model by model, what changed there since the last look."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import NAMESPACE_URL, uuid5

from services.pr_bot.projection import SeenHead, SeenModel, Standing
from services.pr_bot.projection.returns import Seen
from services.pr_bot.projection.turns import FOLLOW
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.returns import Returns, results
from services.pr_bot.upstream import Pull, Upstream
from services.pr_bot.upstream.catalogue import Catalogue, Held, ParsedFiles
from shared.contracts.common import ModelRef, system_caller
from shared.contracts.registry import Registry
from shared.errors import NotFound, Unavailable
from shared.events.pr_bot import UpstreamChanged

# An older head that is told after a newer one would take main's content back.
_TURN_S = 10.0
# Under this name stands how far the list of requests was read.
_ALL = ""
_FIRST_LOOK_BACK_S = 86_400.0
# Comments follow the act that is known by its time.
_OWN_ACTS_LAST_S = 2.0
_CHECKS_EVERY_S = 120.0
_CHECKS_A_LOOK = 20
_RELEASES_EVERY_S = 600.0
_RELEASES_A_LOOK = 100


class Watch:
    """One look at a time; a look that is killed half way is completed by the next."""

    def __init__(
        self,
        *,
        upstream: Upstream,
        registry: Registry,
        records: Records,
        parsed: ParsedFiles,
        now: Callable[[], float],
    ) -> None:
        self._upstream = upstream
        self._registry = registry
        self._records = records
        self._rows = records.rows
        self._parsed = parsed
        self._now = now
        self._turn = threading.Lock()
        self.unreadable: dict[str, str] = {}
        self._expects_release = True
        self._releases_at = 0.0
        self._returns = Returns(records)

    def expect_release(self, expected: bool) -> None:
        """Upstream may have tagged one: the next look asks, however shortly the last one did."""
        self._expects_release = self._expects_release or expected

    def look(self) -> list[str]:
        """Tells what changed on main and marks due whatever a person did to a request; answers the models marked."""
        with self._turn, self._rows.database.alone("look at upstream", wait_s=_TURN_S) as mine:
            if not mine:
                raise Unavailable("look at upstream: another replica is still looking; it is done again soon")
            head = self._upstream.head()
            seen = self._rows.seen_head()
            moved = seen is None or seen.commit != head
            if moved or self.unreadable:
                self._tell_changes(Catalogue(self._upstream, head, self._parsed), first=seen is None)
            else:
                self._rows.looked(self._now())
            marked = self._mark_touched(head, moved=moved)
            self._look_for_checks()
            self._look_for_release()
            return marked

    def tell_now(self, name: str, held: Held | None, catalogue: Catalogue, *, model_type: str) -> None:
        """Main holds `held` for a model that registry believes otherwise of."""
        self._records.tell(_changed(name, held, catalogue.commit, model_type=model_type))

    def _tell_changes(self, catalogue: Catalogue, *, first: bool) -> None:
        before, known = self._rows.seen_files(), self._rows.seen_models()
        touched = {path for path in {*before, *catalogue.files} if before.get(path) != catalogue.files.get(path)}
        self.unreadable = dict(catalogue.problems)
        found: dict[str, Held] = {}
        for path in sorted(touched):
            for held in catalogue.models_in(path):
                found.setdefault(held.id, held)
        quiet = [
            seen
            for held in found.values()
            if (seen := self._tell_held(held, known.get(held.id), catalogue.commit, first=first)) is not None
        ]
        for gone in self._gone(known, touched - self.unreadable.keys(), found):
            self._records.tell(_changed(gone.model, None, catalogue.commit, path=gone.path))
        # A file that could not be read keeps its old blob here, so that the next look tries it again.
        files = {path: blob for path, blob in catalogue.files.items() if path not in self.unreadable}
        files |= {path: before[path] for path in self.unreadable if path in before}
        seen_head = SeenHead(commit=catalogue.commit, layout=catalogue.layout, looked_at=self._now())
        self._rows.see_head(seen_head, files, quiet)

    def _tell_held(self, held: Held, known: SeenModel | None, commit: str, *, first: bool) -> SeenModel | None:
        """What is to be kept as seen without an event, if anything."""
        changed = _changed(held.name, held, commit)
        now = SeenModel(model=held.id, path=held.path, document_sha256=changed.document_sha256)
        if known == now:
            return None
        same = known is not None and known.document_sha256 == now.document_sha256
        if same or (first and self._is_known_upstream(held)):
            return now
        self._records.tell(changed)
        return None

    def _is_known_upstream(self, held: Held) -> bool:
        """Whether registry has it from the import already: a first look tells no news then."""
        try:
            desired = self._registry.desired_state(ModelRef(name=held.name), system_caller("pr_bot"))
        except NotFound:
            return False
        return desired.upstream_document == held.document

    @staticmethod
    def _gone(known: dict[str, SeenModel], readable: set[str], found: dict[str, Held]) -> Iterator[SeenModel]:
        for model, seen in known.items():
            if seen.path in readable and model not in found:
                yield seen

    def _mark_touched(self, head: str, *, moved: bool) -> list[str]:
        """Every open request where main moved, and whatever somebody else did something to."""
        requests = self._rows.requests()
        touched, newest = self._touched(requests)
        due = {standing.model for standing in requests if standing.is_open and moved} | touched.keys()
        cause = str(uuid5(NAMESPACE_URL, f"upstream/{head}"))
        with self._rows.database.write() as connection:
            for model in sorted(due):
                ask = "" if model in touched else FOLLOW
                self._rows.mark_due(connection, model, at=self._now(), cause=cause, ask=ask)
                if (pull := touched.get(model)) is not None and pull.updated_at:
                    self._rows.returned.hear(connection, model)
                    self._rows.returned.see_own(connection, model=model, updated_at=pull.updated_at)
            # With the marks: a look that is killed before them is done again from where it began.
            self._rows.returned.see_own(connection, model=_ALL, updated_at=newest)
        return sorted(due)

    def _touched(self, requests: Sequence[Standing]) -> tuple[dict[str, Pull], float]:
        """(model -> its request as upstream lists it, until when upstream was listed)."""
        by_number: dict[int, list[Standing]] = {}
        for standing in requests:
            by_number.setdefault(standing.number, []).append(standing)
        seen = self._rows.returned.seen()
        # Upstream's own time, whatever this machine's clock says.
        since = seen[_ALL].updated_at if _ALL in seen else self._now() - _FIRST_LOOK_BACK_S
        touched = {}
        newest = since
        for pull in self._upstream.recent_pulls(since):
            newest = max(newest, pull.updated_at)
            for standing in by_number.get(pull.number, ()):
                if _is_news(standing, pull, seen.get(standing.model)):
                    touched[standing.model] = pull
        return touched, newest

    def _look_for_checks(self) -> None:
        """Nothing tells of checks but a question for each commit: some requests at each look, in turn."""
        seen, now = self._rows.returned.seen(), self._now()
        waiting: dict[str, list[Seen]] = {}
        for standing in self._rows.open_requests():
            known = seen.get(standing.model, Seen(model=standing.model))
            if standing.state == "open" and now - known.checks_at >= _CHECKS_EVERY_S:
                waiting.setdefault(standing.head_sha, []).append(known)
        in_turn = sorted(waiting.items(), key=lambda found: min((one.checks_at, one.model) for one in found[1]))
        for head, sharing in in_turn[:_CHECKS_A_LOOK]:
            checks = results(self._upstream.checks(head))
            for known in sharing:
                self._returns.checked(known.model, head, checks)
            with self._rows.database.write() as connection:
                for known in sharing:
                    self._rows.returned.see_checks(connection, model=known.model, at=now)

    def _look_for_release(self) -> None:
        """Whether what was merged is in a release by now."""
        if not self._expects_release and self._now() - self._releases_at < _RELEASES_EVERY_S:
            return
        self._expects_release = False
        waiting = self._rows.returned.unreleased()[:_RELEASES_A_LOOK]
        # While neither the oldest nor the newest is in one, none between them is.
        if any(self._upstream.first_release(sha) for sha in {one.merge_sha for one in (*waiting[:1], *waiting[-1:])}):
            releases: dict[str, str] = {}
            for one in waiting:
                if one.merge_sha not in releases:
                    releases[one.merge_sha] = self._upstream.first_release(one.merge_sha)
                if release := releases[one.merge_sha]:
                    self._returns.released(one.model, one.number, release)
        self._releases_at = self._now()


def _is_news(standing: Standing, pull: Pull, seen: Seen | None) -> bool:
    """Whether somebody but the bot did something to it."""
    if (pull.state == "open") != standing.is_open:
        return standing.is_open or pull.state == "open"
    if standing.is_open and pull.head_sha != standing.head_sha:
        return True
    return pull.updated_at > (seen.updated_at if seen else 0.0) + _OWN_ACTS_LAST_S


def _changed(name: str, held: Held | None, commit: str, *, path: str = "", model_type: str = "") -> UpstreamChanged:
    return UpstreamChanged(
        model_name=held.name if held else name,
        model_type=held.type if held else model_type,
        document=held.document if held else "",
        document_sha256=hashlib.sha256(held.document.encode()).hexdigest() if held else "",
        path=held.path if held else path,
        commit=commit,
        order=held.order if held else 0,
    )
