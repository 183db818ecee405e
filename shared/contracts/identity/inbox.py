"""What a person is told, and mails."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsQuery:
    unread: bool = False
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`kind` is an event's name, such as ModelPublished; `at` in Unix seconds; `path` a page of the hub."""

    id: int
    kind: str
    model_name: str
    revision: int
    text: str
    path: str
    at: float
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    items: list[Notification] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in the in-app outbox (no HUB_SMTP_URL); for operators."""

    id: int
    to: str
    subject: str
    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    items: list[Mail] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200
