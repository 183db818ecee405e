"""GitHub's two kinds of limits, on the fake's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.support.github.answering import Refused
from tests.support.github.state import Token, User

_HOUR = 3600.0
_CONTENT = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
_SECONDARY = "You have exceeded a secondary rate limit. "
_WAIT = "Please wait a few minutes before you try again."


class Exhausted(Refused):
    """The hour's calls are used up: 403, and of GraphQL 200 with an error."""

    def __init__(self, resource: str, message: str) -> None:
        super().__init__(403, message)
        if resource == "graphql":
            self.status, self.body = 200, {"errors": [{"type": "RATE_LIMITED", "message": message}]}


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


@dataclass(slots=True, kw_only=True)
class Limit:
    """Calls of a user, to GraphQL, and without a token, each on its own; `refusals` counts what was refused.

    The two of a minute are secondary limits, off while they are 0; GitHub has 80 and 900: one point for what only
    reads, five for the rest.
    """

    per_hour: int = 5_000
    graphql_per_hour: int = 5_000
    anonymous_per_hour: int = 60
    content_per_minute: int = 0
    points_per_minute: int = 0
    retry_after_s: int = 60
    refusals: int = 0
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _content: dict[str, deque[float]] = field(default_factory=dict)
    _points: dict[str, deque[float]] = field(default_factory=dict)

    def shown(self, token: Token, resource: str, now: float) -> dict[str, int]:
        """As /rate_limit has it; `resource` is core or graphql."""
        window, limit = self._window(token, resource, now), self._limit(token, resource)
        return {
            "limit": limit,
            "remaining": max(limit - window.used, 0),
            "reset": int(window.ends),
            "used": window.used,
        }

    def headers(self, token: Token, resource: str, now: float) -> dict[str, str]:
        shown = self.shown(token, resource, now)
        return {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in shown.items()} | {
            "X-RateLimit-Resource": resource
        }

    def spend(self, token: Token, resource: str, now: float, *, writes: bool) -> None:
        """Counts one call; raises the refusal of the limit that is used up."""
        window = self._window(token, resource, now)
        if window.used >= self._limit(token, resource):
            self.refusals += 1
            who = f"user ID {token.user.id}" if token.value else "127.0.0.1"
            raise Exhausted(resource, f"API rate limit exceeded for {who}.")
        window.used += 1
        self._secondary(self._points, token.user, self.points_per_minute, 5 if writes else 1, now, _SECONDARY)
        if writes:
            self._secondary(self._content, token.user, self.content_per_minute, 1, now, _CONTENT)

    def give_back(self, token: Token, now: float) -> None:
        """A conditional request that found nothing new costs nothing."""
        self._window(token, "core", now).used -= 1

    def _limit(self, token: Token, resource: str) -> int:
        if not token.value:
            return self.anonymous_per_hour
        return self.graphql_per_hour if resource == "graphql" else self.per_hour

    def _window(self, token: Token, resource: str, now: float) -> _Window:
        key = (token.user.login, resource)
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            window = self._windows[key] = _Window(int(now) + _HOUR)
        return window

    def _secondary(
        self, spent: dict[str, deque[float]], user: User, limit: int, points: int, now: float, text: str
    ) -> None:
        if not limit:
            return
        times = spent.setdefault(user.login, deque())
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) + points > limit:
            self.refusals += 1
            raise secondary(self.retry_after_s, text)
        times.extend([now] * points)


def secondary(retry_after_s: int, text: str = _SECONDARY) -> Refused:
    return Refused(403, text + _WAIT, headers={"Retry-After": str(retry_after_s)})
