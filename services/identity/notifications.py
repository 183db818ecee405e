"""Who is told what: notification rows, and mails for what a person should not miss."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog
from sqlalchemy import Boolean, Column, Connection, Double, Integer, MetaData, String, Table, Text, delete, func, select
from sqlalchemy import update as sql_update

from services.identity.projection import PEOPLE
from shared.contracts import identity as api
from shared.database import Database
from shared.errors import HubError

METADATA = MetaData()
NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cause", String, nullable=False, index=True),
    Column("person", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("model_name", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("path", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("read", Boolean, nullable=False, default=False),
)
MAILS = Table(
    "mails",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cause", String, nullable=False, index=True),
    Column("to", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("sent", Boolean, nullable=False, default=False),
)
OWNERS = Table(
    "model_owners",
    METADATA,
    Column("model_id", String, primary_key=True),
    Column("person", String, primary_key=True),
)
SUBJECTS = {
    "ModelPublished": "{name}: revision {revision} is published",
    "Rejected": "{name}: revision {revision} was rejected",
    "PullRequestMerged": "{name}: the pull request was merged",
    "PullRequestPaused": "{name}: the pull request waits for you",
    "PullRequestClosed": "{name}: the pull request was closed",
    "MergeConflicted": "{name}: upstream changed what you changed",
    "ModelQuarantined": "{name} was quarantined",
}
KEPT_MAILS = 200
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is told. `kind` is an event's name; `cause` makes it told once; `path` is a page of the hub."""

    kind: str
    cause: str
    model_name: str = ""
    revision: int = 0
    text: str
    path: str
    at: float


class Inbox:
    """Notification and mail rows; whoever passes a connection commits."""

    def __init__(self, database: Database, *, public_url: str) -> None:
        self._database = database
        self._public_url = public_url
        database.create(METADATA)

    def tell(self, connection: Connection, people: Collection[str], news: News) -> None:
        """One row a person; a cause is told once, to whom it concerned then.

        After a restore the logs are read again: whoever came since is not told of old news.
        """
        told = select(NOTIFICATIONS.c.id).where(NOTIFICATIONS.c.cause == news.cause).limit(1)
        if connection.scalar(told) is not None:
            return
        for person in sorted({person for person in people if person}):
            connection.execute(NOTIFICATIONS.insert().values(person=person, **asdict(news)))
            if news.kind in SUBJECTS:
                self._mail(connection, person, news)

    def _mail(self, connection: Connection, person: str, news: News) -> None:
        address = connection.scalar(select(PEOPLE.c.email).where(PEOPLE.c.id == person, PEOPLE.c.disabled.is_(False)))
        if not address:
            return
        subject = SUBJECTS[news.kind].format(name=news.model_name, revision=news.revision)
        body = "\n\n".join(part for part in (subject + ".", news.text, f"{self._public_url}{news.path}") if part)
        connection.execute(MAILS.insert().values(cause=news.cause, to=address, subject=subject, text=body, at=news.at))

    def role_requested(
        self, connection: Connection, *, operators: Collection[str], login: str, role: str, reason: str, at: float
    ) -> None:
        """Operators hear who asks for what, and why."""
        text = f"{login} asks for the role {role}: {reason}"
        cause = f"request/{login}/{role}/{at}"
        news = News(kind="RoleRequested", cause=cause, model_name=login, text=text, path="/operations", at=at)
        self.tell(connection, operators, news)

    def role_granted(self, connection: Connection, *, person: str, role: str, at: float) -> None:
        """The person hears of the new role."""
        news = News(kind="RoleGranted", cause=f"grant/{person}/{role}/{at}", text=role, path="/user-center", at=at)
        self.tell(connection, [person], news)

    def change_owners(
        self, connection: Connection, name: str, *, added: Collection[str], removed: Collection[str]
    ) -> None:
        """Idempotent."""
        model_id = name.lower()
        gone = [*added, *removed]
        connection.execute(delete(OWNERS).where(OWNERS.c.model_id == model_id, OWNERS.c.person.in_(gone)))
        for person in sorted(set(added)):
            connection.execute(OWNERS.insert().values(model_id=model_id, person=person))

    def owners(self, connection: Connection, name: str) -> list[str]:
        return list(connection.scalars(select(OWNERS.c.person).where(OWNERS.c.model_id == name.lower())))

    def unread(self, connection: Connection, person: str) -> int:
        query = select(func.count()).where(NOTIFICATIONS.c.person == person, NOTIFICATIONS.c.read.is_(False))
        return connection.scalar(query) or 0

    def page(
        self, connection: Connection, person: str, *, unread_only: bool, page: int, per_page: int
    ) -> tuple[list[api.Notification], int]:
        """Newest first."""
        query = select(NOTIFICATIONS).where(NOTIFICATIONS.c.person == person)
        if unread_only:
            query = query.where(NOTIFICATIONS.c.read.is_(False))
        total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = connection.execute(
            query.order_by(NOTIFICATIONS.c.id.desc()).limit(per_page).offset((page - 1) * per_page)
        ).mappings()
        names = ("id", "kind", "model_name", "revision", "text", "path", "at", "read")
        return [api.Notification(**{name: row[name] for name in names}) for row in rows], total

    def mark_read(self, connection: Connection, person: str) -> None:
        connection.execute(sql_update(NOTIFICATIONS).where(NOTIFICATIONS.c.person == person).values(read=True))

    def mails(self, connection: Connection) -> list[api.Mail]:
        """The newest, for an operator."""
        rows = connection.execute(select(MAILS).order_by(MAILS.c.id.desc()).limit(KEPT_MAILS)).mappings()
        return [
            api.Mail(id=row["id"], to=row["to"], subject=row["subject"], text=row["text"], at=row["at"]) for row in rows
        ]


class MailSender:
    """Sends what lies in the outbox over HUB_SMTP_URL (`smtp://user:password@host:port`, `smtps://…`)."""

    def __init__(self, database: Database, *, smtp_url: str, look_s: float = 5.0) -> None:
        self._database = database
        self._url = urlsplit(smtp_url)
        self._look_s = look_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="mail-sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def send_waiting(self) -> int:
        """Sends each waiting mail once and answers how many; raises what smtplib raises."""
        with self._database.alone("mail") as mine:
            return self._send_waiting() if mine else 0

    def _send_waiting(self) -> int:
        with self._database.read() as connection:
            waiting = list(connection.execute(select(MAILS).where(MAILS.c.sent.is_(False)).limit(50)).mappings())
        if not waiting:
            return 0
        kind = smtplib.SMTP_SSL if self._url.scheme == "smtps" else smtplib.SMTP
        with kind(self._url.hostname or "localhost", self._url.port or 0, timeout=10) as server:
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            for mail in waiting:
                message = EmailMessage()
                message["From"], message["To"] = f"models-hub@{self._url.hostname}", mail["to"]
                message["Subject"] = mail["subject"]
                message.set_content(mail["text"])
                server.send_message(message)
                with self._database.write() as connection:
                    connection.execute(sql_update(MAILS).where(MAILS.c.id == mail["id"]).values(sent=True))
        return len(waiting)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                self.send_waiting()
            except (OSError, smtplib.SMTPException, HubError) as error:
                log.warning("mail could not be sent, trying again", error=type(error).__name__)
