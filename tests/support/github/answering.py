"""What a route is asked, what it answers, and how GitHub says no."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.support.github.fake import FakeGitHub
    from tests.support.github.state import Pull, Repository, Token, User

DOCUMENTATION = "https://docs.github.com/rest"


class Refused(Exception):
    """An answer that is an error of GitHub's."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any] | str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors is not None:
            self.body["errors"] = list(errors)
        self.headers = dict(headers or {})


def invalid(message: str, *, resource: str, field: str = "base", code: str = "custom") -> Refused:
    """422 as GitHub words it."""
    detail: dict[str, Any] = {"resource": resource, "code": code}
    if code == "custom":
        detail["message"] = message
    else:
        detail["field"] = field
    return Refused(422, "Validation Failed", errors=[detail])


def not_found() -> NoReturn:
    raise Refused(404, "Not Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` None is an answer without one; a string is sent as it is, as `content_type`."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: `path` percent-decoded without the query, `template` as GitHub's description names the path."""

    github: FakeGitHub
    method: str
    path: str
    template: str
    named: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    accept: str
    user: User
    token: Token

    @property
    def url(self) -> str:
        return self.github.url

    @property
    def now(self) -> float:
        return self.github.now()

    def repository(self) -> Repository:
        """The one that the path names; 404 where this user may not see it."""
        found = self.github.find(self.named["owner"], self.named["repo"])
        if found is None or not found.visible_to(self.user):
            not_found()
        if found.appears_after > 0:
            found.appears_after -= 1
            not_found()
        return found

    def writable(self, permission: str = "contents") -> Repository:
        """The same, where this token may push to it."""
        found = self.repository()
        if not self.may(found, permission):
            if self.token.fine_grained:
                raise Refused(403, "Resource not accessible by personal access token")
            not_found()
        return found

    def may(self, repository: Repository, permission: str = "contents") -> bool:
        return repository.pushed_by(self.user) and self.token.may_write(repository, permission)

    def pull(self) -> tuple[Repository, Pull]:
        """The pull request that the path names, by its own number or by its issue's."""
        repository = self.repository()
        number = self.named.get("pull_number") or self.named["issue_number"]
        found = repository.pulls.get(int(number))
        if found is None:
            not_found()
        return repository, found

    def speaking(self) -> tuple[Repository, Pull]:
        """The same, where this token may say something on it."""
        repository, found = self.pull()
        if not self.token.may_write(repository, "pull_requests"):
            if self.token.fine_grained:
                raise Refused(403, "Resource not accessible by personal access token")
            not_found()
        return repository, found

    def fields(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise Refused(400, "Problems parsing JSON")
        return self.body

    def required(self, key: str) -> Any:
        value = self.fields().get(key)
        if value is None:
            raise Refused(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
        return value

    def page(self, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
        """The page that is asked for, and its Link header where there are others."""
        size = min(max(int(self.query.get("per_page", "30")), 1), 100)
        number = max(int(self.query.get("page", "1")), 1)
        last = max((len(items) + size - 1) // size, 1)
        links = []
        if number < last:
            links += [(number + 1, "next"), (last, "last")]
        if number > 1:
            links += [(1, "first"), (number - 1, "prev")]
        shown = [f'<{self.url}{self.path}?{urlencode({**self.query, "page": to})}>; rel="{name}"' for to, name in links]
        return items[(number - 1) * size : number * size], {"Link": ", ".join(shown)} if shown else {}


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler


ROUTES: list[Route] = []
# Parts of a path that hold slashes themselves.
_WIDE = {"ref", "path", "basehead", "tree_sha"}


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Makes a function the answer to `method` at `template`, a path of GitHub's description."""

    def part(match: re.Match[str]) -> str:
        name = match[1]
        if name.endswith(("_number", "_id")):
            return rf"(?P<{name}>\d+)"
        return f"(?P<{name}>{'.+' if name in _WIDE else '[^/]+'})"

    pattern = re.compile(re.sub(r"\{(\w+)\}", part, template))

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, pattern, handler))
        return handler

    return register


def listed(call: Call, items: Sequence[Any], show: Callable[[Any], Any]) -> Answer:
    """One page of `items`, each as `show` has it."""
    page, headers = call.page(items)
    return Answer(body=[show(item) for item in page], headers=headers)
