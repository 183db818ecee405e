"""What only a first start does: keys, upstream's repository, the catalogue, the first accounts.

Each part leaves a trace that later starts see; a start that was killed goes on where it was.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import sys
import threading
from pathlib import Path

from nacl.public import PrivateKey
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.catalog_source import Source, read_source
from gateway.embedded import EmbeddedHub, seed_upstream
from gateway.importing import import_catalogue, say_imported
from gateway.start_marks import accounts_mark, import_mark, is_imported, write_whole
from shared.config import Settings, load
from shared.contracts.common import Role, system_caller
from shared.contracts.identity import CreateAccount, PeopleQuery
from shared.errors import HubError, Invalid

ACCOUNTS: dict[str, list[Role]] = {"maintainer": ["maintainer"], "reviewer": ["reviewer"], "operator": ["operator"]}


def run(settings: Settings, console: Console) -> None:
    """Does what is still to be done; raises HubError where it cannot."""
    make_seal_key(settings)
    source = _read(settings, console)
    _seed(settings, source)
    hub = EmbeddedHub(settings)
    try:
        if source is not None and not is_imported(settings):
            _import(hub, source, settings, console)
        make_accounts(hub, settings, console)
        hub.settle()
    finally:
        hub.close()


def _read(settings: Settings, console: Console) -> Source | None:
    if settings.catalog_source == "none":
        return None
    with console.status(f"Reading the catalogue from {settings.catalog_source}"):
        return read_source(settings.catalog_source, cache_dir=settings.cache_dir, branch=settings.upstream_branch)


def _seed(settings: Settings, source: Source | None) -> None:
    """Makes the hub's own upstream; a repository that the operator named must be there."""
    if settings.upstream.kind != "file":
        return
    path = Path(settings.upstream.location)
    if path.exists():
        return
    if path != settings.own_upstream:
        raise Invalid(
            f"HUB_UPSTREAM: expected a bare git repository at {path}, found nothing; make it with git clone --bare, "
            "or unset HUB_UPSTREAM"
        )
    # It takes its place whole: git does not go on from a repository that it was killed in the midst of making.
    draft = path.with_name(f".{path.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    seed_upstream(draft, source.files if source else {}, branch=settings.upstream_branch)
    draft.rename(path)


def _import(hub: EmbeddedHub, source: Source, settings: Settings, console: Console) -> None:
    columns = (TextColumn("Importing the catalogue"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("import", total=None)
        result = import_catalogue(
            hub.calls.registry, source, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    say_imported(result, console)
    done = {
        "source": settings.catalog_source,
        "origin": result.origin,
        "problems": [{"name": problem.name, "reason": problem.reason} for problem in result.problems],
    }
    write_whole(import_mark(settings), json.dumps(done) + "\n")


def make_accounts(hub: EmbeddedHub, settings: Settings, console: Console) -> None:
    """The three first accounts; the file comes first, so that a killed start never loses a password."""
    done = accounts_mark(settings)
    if done.exists():
        return
    file = settings.first_accounts_file
    if not file.exists():
        lines = "".join(f"{name} {secrets.token_urlsafe(12)}\n" for name in ACCOUNTS)
        write_whole(file, lines)
    passwords = dict(line.split(" ", 1) for line in file.read_text(encoding="utf-8").splitlines())
    caller = system_caller("first-start")
    known = {item.login for item in hub.calls.identity.people(PeopleQuery(logins=list(ACCOUNTS)), caller).items}
    for name, roles in ACCOUNTS.items():
        if name in known:
            continue
        account = CreateAccount(
            login=name, email=f"{name}@localhost.localdomain", password=passwords[name], roles=roles
        )
        command = system_caller("first-start", command_id=f"first-start-{secrets.token_hex(8)}")
        hub.calls.identity.create_account(account, command)
    console.print(
        f"First accounts (also in {file}; change the passwords in the User Center):", highlight=False, soft_wrap=True
    )
    for name, password in passwords.items():
        console.print(f"  {name}  {password}", markup=False, highlight=False, soft_wrap=True)
    write_whole(done, "made\n")


def make_seal_key(settings: Settings) -> None:
    """pr_bot's key pair for GitHub tokens, unless the settings name one."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.seal_key is None and settings.seal_public_key is None and not settings.seal_key_file.exists():
        write_whole(settings.seal_key_file, base64.b64encode(bytes(PrivateKey.generate())).decode() + "\n")


def main() -> int:
    """A child of `models-hub run`, which holds the data directory's lock meanwhile."""
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    console = Console(stderr=False)
    try:
        run(load(), console)
    except KeyboardInterrupt:
        return 130
    except HubError as error:
        Console(stderr=True).print(f"models-hub: {error.message}", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


def _end_with_parent() -> None:
    """Standard input closes when the parent is gone, killed or not; what is done up to here is kept."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
