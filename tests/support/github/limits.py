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


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


@dataclass(slots=True, kw_only=True)
class Limit:
    """`per_hour` counts a user's calls; the two others are secondary limits, off while they are 0.

    GitHub has 5,000, 80 and 900: a GET is one point, every other call five.
    """

    per_hour: int = 5_000
    content_per_minute: int = 0
    points_per_minute: int = 0
    retry_after_s: int = 60
    refusals: int = 0
    _windows: dict[str, _Window] = field(default_factory=dict)
    _content: dict[str, deque[float]] = field(default_factory=dict)
    _points: dict[str, deque[float]] = field(default_factory=dict)

    def shown(self, token: Token, now: float) -> dict[str, int]:
        """As /rate_limit has it."""
        window = self._window(token, now)
        left = max(self.per_hour - window.used, 0)
        return {"limit": self.per_hour, "remaining": left, "reset": int(window.ends), "used": window.used}

    def headers(self, token: Token, now: float) -> dict[str, str]:
        shown = self.shown(token, now)
        return {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in shown.items()} | {
            "X-RateLimit-Resource": "core"
        }

    def spend(self, token: Token, method: str, now: float) -> None:
        """Counts one call; raises the 403 of the limit that is used up."""
        window = self._window(token, now)
        if window.used >= self.per_hour:
            self.refusals += 1
            raise Refused(403, f"API rate limit exceeded for user ID {token.user.id}.")
        window.used += 1
        self._secondary(self._points, token.user, self.points_per_minute, 1 if method == "GET" else 5, now, _SECONDARY)
        if method != "GET":
            self._secondary(self._content, token.user, self.content_per_minute, 1, now, _CONTENT)

    def give_back(self, token: Token, now: float) -> None:
        """A conditional request that found nothing new costs nothing."""
        self._window(token, now).used -= 1

    def _window(self, token: Token, now: float) -> _Window:
        window = self._windows.get(token.user.login)
        if window is None or window.ends <= now:
            window = self._windows[token.user.login] = _Window(int(now) + _HOUR)
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
