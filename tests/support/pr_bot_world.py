"""A whole pr_bot on real files: its database, upstream on either adapter, a person with a clone, a fake registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, cast
from uuid import uuid4

from services.pr_bot.domain import PullRequest
from services.pr_bot.policies import Worker
from services.pr_bot.projection import Rows
from services.pr_bot.reconcile import Reconciler
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.upstream import Pull, Upstream
from services.pr_bot.upstream.accounts import Accounts, OneAccount
from services.pr_bot.upstream.catalogue import Catalogue, ParsedFiles
from services.pr_bot.upstream.github import GitHub
from services.pr_bot.upstream.github_calls import GitHubCalls
from services.pr_bot.upstream.local_git import LocalGit, seed
from shared.contracts.identity import Identity
from shared.contracts.registry import Registry
from shared.database import Database
from shared.document import records_of
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import pr_bot as events
from tests.support.git_people import Person
from tests.support.github import FakeGitHub, fake_github
from tests.support.registry_fake import FakeIdentity, FakeRegistry

TOKEN = "ghp_" + "d" * 36
BOT = "hub-bot"


@contextmanager
def opened_world(
    folder: Path, files: Mapping[str, str], *, on: Literal["local", "github"], imported: bool = True
) -> Iterator[World]:
    """A world over either adapter, everything of it closed afterwards."""
    with ExitStack() as opened:
        github = opened.enter_context(fake_github(folder, files)) if on == "github" else None
        world = World(folder, files, imported=imported, github=github)
        opened.callback(world.close)
        yield world


class World:
    """`restart` forgets everything that a killed process forgets. Not `imported`: registry knows nothing of main.

    Upstream is a bare repository, with the `github` that is given in front of it or with none.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str], *, imported: bool = True, github: FakeGitHub | None = None
    ) -> None:
        self.folder = folder
        self.github = github
        if github is None:
            self.repository = folder / "upstream.git"
            seed(self.repository, {path: text.encode() for path, text in files.items()}, durable=False)
        else:
            self.repository = github.repository
            github.set_clock(lambda: self.now)
            github.user(BOT, token=TOKEN)
        self.registry = FakeRegistry()
        self.identity = FakeIdentity()
        self.now = 1_800_000_000.0
        self.told = 0
        self.mark: str | None = None
        self.calls_taken = 0
        self.restart()
        if imported:
            self.import_main()
            self.look()

    def restart(self, *, wrap: Callable[[Upstream], Upstream] = lambda upstream: upstream) -> None:
        self.database = Database(f"sqlite:///{self.folder / 'pr_bot.db'}", durable=False)
        self.store = SqlEventStore(self.database, EventTypes(events.EVENTS, events.UPCASTERS))
        self.records = Records(self.store, Rows(self.database), now=lambda: self.now)
        self.git: LocalGit | GitHub = self.adapter() if self.github else LocalGit(self.repository, durable=False)
        upstream = wrap(self.git)
        parsed = ParsedFiles()
        registry, identity = cast(Registry, self.registry), cast(Identity, self.identity)
        self.watch = Watch(
            upstream=upstream, registry=registry, records=self.records, parsed=parsed, now=lambda: self.now
        )
        self.reconciler = Reconciler(
            accounts=self.accounts(upstream),
            registry=registry,
            commits=Commits(identity),
            watch=self.watch,
            records=self.records,
            parsed=parsed,
            public_url="http://hub.test",
        )
        self.worker = Worker(step=self.reconciler.step, records=self.records, now=lambda: self.now)

    def close(self) -> None:
        self.git.close()
        self.database.close()

    def adapter(self, token: str = TOKEN, account: str = "default") -> GitHub:
        """With nothing in memory."""
        assert self.github is not None
        calls = GitHubCalls(
            token=token,
            account=account,
            api_url=self.github.url,
            between_writes_s=0.0,
            timeout_s=5,
            now=lambda: self.now,
        )
        return GitHub(self.github.main.full_name, calls)

    def accounts(self, upstream: Upstream) -> Accounts:
        return OneAccount(upstream)

    def import_main(self) -> None:
        """Registry holds what main holds, as after a first import."""
        catalogue = Catalogue(self.git, self.git.head(), ParsedFiles())
        for path in catalogue.paths:
            for held in catalogue.models_in(path):
                self.registry.holds(held.name, held.type, held.document)

    def due(self, model: str, *, ask: str = "") -> None:
        with self.database.write() as connection:
            self.records.rows.mark_due(connection, model.lower(), at=self.now, cause=str(uuid4()), ask=ask)

    def work(self, *models: str, ask: str = "") -> None:
        """Marks `models` due and works through all that is due, waiting out short retries."""
        for model in models:
            self.due(model, ask=ask)
        before = len(self.github.calls) if self.github else 0
        self.worker.run_due()
        self.calls_taken = len(self.github.calls) - before if self.github else 0
        self.now += 1

    def look(self) -> None:
        """One look at main, and registry's reaction to what it tells."""
        self.watch.look()
        self.react()

    def react(self) -> None:
        """Registry takes over what was told since."""
        for recorded in self.store.read_log(after=self.told, mark=self.mark, limit=10_000).events:
            if isinstance(recorded.event, events.UpstreamChanged):
                self.registry.sees(recorded.event)
            self.told, self.mark = recorded.position, recorded.mark

    def person(self) -> Person:
        return Person(self.repository, self.folder / "people" / uuid4().hex)

    def merge(self, branch: str) -> None:
        self._merged(branch, "merge")

    def squash(self, branch: str) -> None:
        self._merged(branch, "squash")

    def _merged(self, branch: str, method: Literal["merge", "squash"]) -> None:
        if self.github is not None:
            self.github.merge(self.pulls(branch)[-1].number, method=method)
        elif method == "merge":
            self.person().merge(branch)
        else:
            self.person().squash(branch)

    def pulls(self, branch: str) -> Sequence[Pull]:
        """Of the branch, as upstream holds them."""
        return (self.adapter() if self.github else self.git).pulls(branch)

    def state(self, model: str) -> PullRequest:
        return self.records.pull_request(model)

    def events(self, model: str) -> list[Any]:
        return [recorded.event for recorded in self.store.read_stream(f"pullrequest-{model.lower()}")]

    def names(self, model: str) -> list[str]:
        return [type(event).__name__.removeprefix("PullRequest") for event in self.events(model)]

    def told_of(self, model: str) -> list[RecordedEvent]:
        return self.store.read_stream(f"upstream-{model.lower()}")

    def pull(self, model: str) -> Pull:
        """The model's one pull request, as upstream holds it."""
        last = self.state(model).last
        assert last is not None
        pulls = self.pulls(last.branch)
        assert len(pulls) == 1
        return pulls[0]

    def catalogue(self, commit: str | None = None) -> Catalogue:
        return Catalogue(self.git, commit or self.git.head(), ParsedFiles())

    def document(self, model: str, model_type: str, commit: str) -> str:
        """What a commit holds for a model, empty where nothing."""
        held = self.catalogue(commit).find(model, model_type=model_type)
        return held.document if held else ""

    def record(self, model: str, model_type: str, commit: str) -> dict[str, Any]:
        """The model's one record at a commit."""
        (found,) = records_of(self.document(model, model_type, commit))
        return found
