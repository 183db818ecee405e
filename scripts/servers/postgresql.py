"""PostgreSQL from the system's own binaries, in one folder, on one port of this machine.

PostgreSQL refuses to run as root. Where we are root it runs as `postgres`, else as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

HOST = "127.0.0.1"
SUPERUSER = "hub"
STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 20.0
_WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerMissing(Exception):
    """PostgreSQL's programs are not on this machine, or cannot run here."""


@dataclass(slots=True, kw_only=True)
class Postgresql:
    """A cluster in `folder`, only for this machine's own address; passwords are required of everyone.

    Not `durable`: for throw-away use, the operating system decides when anything reaches the disk.
    `settings` are more of postgresql.conf. `ends_with_us`: it ends when the process that started it dies.
    """

    folder: Path
    port: int
    durable: bool = True
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ends_with_us: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgresql.log"

    @property
    def command(self) -> list[str]:
        """For a supervisor: runs in the foreground, logs to stderr, ends on SIGTERM once clients have gone, on SIGINT
        at once."""
        settings = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "max_connections": "300",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if self.durable else _WITHOUT_DURABILITY),
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [*self._as_whom(), str(program("postgres")), "-D", str(self.data), *options]

    @property
    def environment(self) -> dict[str, str]:
        """All that the server is to see."""
        return _environment()

    def prepare(self) -> None:
        """The cluster exists; one that is there already is left as it is."""
        if (self.data / "PG_VERSION").exists():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        password_file = self.folder / "password"
        if not password_file.exists():
            _write_private(password_file, secrets.token_urlsafe(24))
        self.data.mkdir(mode=0o700, exist_ok=True)
        owner = _account()
        if owner is not None:
            for path in (self.folder, self.data, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file}"]
        options += ["--encoding=UTF8", "--locale=C", *([] if self.durable else ["--no-sync"])]
        made = subprocess.run(
            [*self._as_whom(), program("initdb"), "-D", self.data, *options],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            shutil.rmtree(self.data)
            raise ServerMissing(f"PostgreSQL: expected initdb to make {self.data}, found: {made.stderr.strip()}")

    def start(self) -> None:
        """Prepares it, runs it and waits until it answers."""
        self.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self, *, deadline_s: float = STARTS_WITHIN_S) -> None:
        """Raises ServerMissing, with what the server said, where it does not."""
        end = time.monotonic() + deadline_s
        while not self.answers():
            if self.process is not None and self.process.poll() is not None:
                raise ServerMissing(f"PostgreSQL ended with {self.process.returncode}: {self.said()}")
            if time.monotonic() > end:
                raise ServerMissing(f"PostgreSQL does not answer on port {self.port} after {deadline_s} s")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def stop(self) -> None:
        """Ends it; nothing that was committed is lost."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def url(self, database: str, *, user: str = SUPERUSER, password: str | None = None) -> str:
        """`postgresql://…`, with the password of `user`."""
        secret = self._password() if password is None else password
        return f"postgresql://{quote(user)}:{quote(secret, safe='')}@{HOST}:{self.port}/{quote(database)}"

    def create_database(self, name: str, *, owner: str = SUPERUSER, password: str | None = None) -> str:
        """The database is there and `owner` may do all in it, others nothing; answers its URL."""
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                if owner != SUPERUSER:
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (owner,))
                    verb = "ALTER" if cursor.fetchone() else "CREATE"
                    role = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(owner), sql.Literal(password)
                    )
                    cursor.execute(role)
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    made = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
                    cursor.execute(made)
                cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        finally:
            connection.close()
        return self.url(name, user=owner, password=password)

    def _password(self) -> str:
        return (self.folder / "password").read_text()

    def _as_whom(self) -> list[str]:
        """What the server's commands begin with, so that they run as somebody who may."""
        options = ["--pdeathsig", "INT"] if self.ends_with_us else []
        account = _account()
        if account is not None:
            options += ["--reuid", account.pw_name, "--regid", str(account.pw_gid), "--init-groups"]
            if not _is_reachable(self.folder, account):
                # In a folder of root's own: it may look through, and reads what is its own.
                options += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
        return ["setpriv", *options] if options else []


def program(name: str) -> Path:
    """One of PostgreSQL's programs, of the newest release on this machine; raises ServerMissing."""
    releases = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which(name)
    if releases:
        return releases[-1]
    if on_path:
        return Path(on_path)
    raise ServerMissing(f"PostgreSQL: expected {name} on this machine, found none; Debian: apt-get install postgresql")


def _account() -> pwd.struct_passwd | None:
    """Whom it runs as; None where that is ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissing("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _is_reachable(folder: Path, account: pwd.struct_passwd) -> bool:
    def may_enter(parent: Path) -> bool:
        found = parent.stat()
        if found.st_uid == account.pw_uid:
            return bool(found.st_mode & 0o100)
        return bool(found.st_mode & (0o010 if found.st_gid == account.pw_gid else 0o001))

    return all(may_enter(parent) for parent in folder.resolve().parents if parent.exists())


def _environment() -> dict[str, str]:
    """Without the PG… variables of whoever starts us: they would change what the programs do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
