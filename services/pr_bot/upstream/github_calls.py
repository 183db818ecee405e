"""One account's calls of GitHub: one at a time, GET alone sent again, limits obeyed, refusals told apart.

PyGithub carries them; it is loaded with the first account, for a hub without GitHub needs none of it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from services.pr_bot.upstream import Budget, RateLimited, TokenRefused, UpstreamFailed
from services.pr_bot.upstream.kept import Kept
from shared.clock import Clock, wall_clock

if TYPE_CHECKING:
    from github.Requester import Requester

PUBLIC_API = "https://api.github.com"
_TIMEOUT_S = 15
_AGAIN = 2
_ETAGS_KEPT = 4096
# GitHub's advice where a secondary limit names no time; doubled while it goes on.
_SECONDARY_S = 60.0
_LONGEST_SECONDARY_S = 1800.0
_PAGE = 100
_MOST_PAGES = 30
_SAID_CHARS = 300
_SECONDARY = re.compile(
    r"secondary rate limit|abuse detection|wait a few minutes|retry your request again later", re.IGNORECASE
)
_CORE = "core"


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is None where the body is empty or no JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def said(self) -> str:
        """GitHub's own words, with what it found wrong in the request."""
        if not isinstance(self.data, dict):
            return ""
        errors = [
            error.get("message") or " ".join(str(error[key]) for key in ("field", "code") if key in error)
            if isinstance(error, dict)
            else str(error)
            for error in self.data.get("errors") or ()
        ]
        return "; ".join([str(self.data.get("message", "")), *errors])[:_SAID_CHARS]


class GitHubCalls:
    """Raises TokenRefused, RateLimited (also without a call, until its time) and UpstreamFailed; never a token in any.

    `account` is `default` or the login whose token it is. Without a `token` only what is public can be read.
    """

    def __init__(
        self,
        *,
        token: str,
        account: str,
        api_url: str = "",
        between_writes_s: float,
        timeout_s: int = _TIMEOUT_S,
        now: Clock = wall_clock,
    ) -> None:
        self.account = account
        self.who = "the hub" if account == "default" else account
        self._token = token
        self._api_url = api_url or PUBLIC_API
        self._requester = _requester(token, self._api_url, between_writes_s, timeout_s)
        self._now = now
        self._one_at_a_time = threading.Lock()
        self._etags: Kept[str, tuple[str, Any]] = Kept(most=_ETAGS_KEPT)
        self._budgets: dict[str, Budget] = {}
        # By resource, "" for all of them: when it may be asked again.
        self._not_before: dict[str, float] = {}
        self._secondary_s = _SECONDARY_S

    @property
    def can_write(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._token)

    @property
    def site(self) -> str:
        """Where people and git go: beside the API for GitHub's own, above it elsewhere."""
        return self._api_url.replace("://api.", "://", 1).removesuffix("/api/v3")

    @property
    def budget(self) -> Budget | None:
        return self._budgets.get(_CORE)

    def get(self, path: str, query: Mapping[str, Any] | None = None, *, lasting: bool = False) -> Any:
        """What is there, None where nothing is. Asked with what is known already, unless it can never change."""
        url = path + (f"?{urlencode(query)}" if query else "")
        known = None if lasting else self._etags.get(url)
        headers = {"If-None-Match": known[0]} if known else {}
        answer = self._asked("GET", url, headers=headers)
        if answer.status == 304 and known:
            return known[1]
        if answer.status in (404, 409) or (answer.status == 422 and "No commit found" in answer.said):
            return None
        self._check(answer, "GET", path)
        if not lasting and (etag := answer.headers.get("etag")):
            self._etags.keep(url, (etag, answer.data))
        return answer.data

    def pages(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every item of a list."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.get(path, {**(query or {}), "per_page": _PAGE, "page": page}) or []
            items = found.get("check_runs", []) if isinstance(found, dict) else found
            yield from items
            if len(items) < _PAGE:
                return

    def write(self, verb: str, path: str, body: Any = None, *, accept: Collection[int] = ()) -> Answer:
        """Sent once, whatever comes of it; `accept` are statuses that the caller looks into."""
        if not self._token:
            raise TokenRefused(
                f"GitHub: expected a token to write with, found none; {self.who} needs HUB_GITHUB_TOKEN "
                "or a personal token in the User Center"
            )
        answer = self._asked(verb, path, body=body)
        if answer.status not in accept:
            self._check(answer, verb, path)
        return answer

    def mutate(self, mutation: str, **variables: Any) -> Any:
        """The data of a GraphQL mutation."""
        body = {"query": mutation, "variables": variables}
        answer = self.write("POST", self._requester.graphql_url, body)
        errors = answer.data.get("errors") if isinstance(answer.data, dict) else [{"message": "no JSON"}]
        if not errors:
            return answer.data["data"]
        kinds = {error.get("type", "") for error in errors}
        said = self.clean("; ".join(str(error.get("message", "")) for error in errors))
        if "RATE_LIMITED" in kinds:
            self._wait(answer, "graphql")
        if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"}:
            raise self._refused(said)
        raise UpstreamFailed(f"GitHub GraphQL: {said}")

    def query(self, query: str, **variables: Any) -> Any:
        """The data of a GraphQL query, as far as GitHub gives it."""
        body = {"query": query, "variables": variables}
        answer = self._asked("POST", self._requester.graphql_url, body=body)
        self._check(answer, "POST", "/graphql")
        return answer.data.get("data") if isinstance(answer.data, dict) else None

    def close(self) -> None:
        self._requester.close()

    def _asked(self, verb: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        from requests.exceptions import RequestException

        resource = "graphql" if url.endswith("/graphql") else _CORE
        with self._one_at_a_time:
            self._obey(resource)
            try:
                status, found, text = self._requester.requestJson(verb, url, headers=dict(headers or {}), input=body)
            except (RequestException, OSError) as error:
                # Its own text holds the whole request; its kind says enough.
                raise UpstreamFailed(
                    f"GitHub {verb} {_shown(url)}: expected an answer, found {type(error).__name__}"
                ) from None
            except (ValueError, RuntimeError, AssertionError) as error:
                raise UpstreamFailed(f"GitHub {verb} {_shown(url)}: {self.clean(str(error))}") from None
            answer = Answer(status, found, _parsed(text))
            self._note(answer, resource)
            return answer

    def _obey(self, resource: str) -> None:
        for place in (resource, ""):
            if self._now() < (until := self._not_before.get(place, 0.0)):
                raise self._limited(until, pace=place == "")

    def _note(self, answer: Answer, resource: str) -> None:
        """What is left, and whether anybody may ask again before it is given back."""
        headers = answer.headers
        if {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= headers.keys():
            resource = headers.get("x-ratelimit-resource", resource)
            left = Budget(
                limit=_number(headers["x-ratelimit-limit"]),
                remaining=_number(headers["x-ratelimit-remaining"]),
                resets_at=_number(headers["x-ratelimit-reset"]),
            )
            self._budgets[resource] = left
            if left.remaining <= 0:
                self._not_before[resource] = float(left.resets_at)
        if answer.status in (403, 429) and self._is_limit(answer):
            self._wait(answer, resource)
        if answer.status < 400:
            self._secondary_s = _SECONDARY_S

    def _is_limit(self, answer: Answer) -> bool:
        return (
            answer.status == 429
            or "retry-after" in answer.headers
            or answer.headers.get("x-ratelimit-remaining") == "0"
            or bool(_SECONDARY.search(answer.said))
            or answer.said.lower().startswith("api rate limit exceeded")
        )

    def _wait(self, answer: Answer, resource: str) -> None:
        """Raises RateLimited; until then nothing is asked."""
        headers = answer.headers
        if "retry-after" in headers:
            until, resource = self._now() + max(_number(headers["retry-after"]), 1), ""
        elif headers.get("x-ratelimit-remaining") == "0":
            until = max(float(_number(headers.get("x-ratelimit-reset", "0"))), self._now() + 1)
        else:
            until, resource = self._now() + self._secondary_s, ""
            self._secondary_s = min(self._secondary_s * 2, _LONGEST_SECONDARY_S)
        self._not_before[resource] = until
        raise self._limited(until, pace=resource == "")

    def _limited(self, until: float, *, pace: bool) -> RateLimited:
        wait_s = max(0, round(until - self._now()))
        return RateLimited(
            f"GitHub takes no more calls of {self.who} for {wait_s} s",
            retry_at=until,
            account=self.account,
            why="pace" if pace else "budget",
        )

    def _check(self, answer: Answer, verb: str, path: str) -> None:
        status, said = answer.status, self.clean(answer.said)
        if status < 400:
            return
        if status == 401:
            raise self._refused("it no longer accepts it" + (f": {said}" if said else ""))
        if status == 403 or (status == 404 and verb == "POST"):
            # GitHub says 404 to a token that may not even know of what it would write to.
            raise self._refused(said or f"{verb} {_shown(path)}")
        raise UpstreamFailed(f"GitHub {verb} {_shown(path)}: expected success, found {status} {said}".rstrip())

    def _refused(self, said: str) -> TokenRefused:
        return TokenRefused(f"GitHub refuses the token of {self.who}: {said}")

    def clean(self, text: str) -> str:
        """On one line, and surely without the token."""
        flat = " ".join(text.split())[:_SAID_CHARS]
        return flat.replace(self._token, "…") if self._token else flat


def path_of(*parts: str) -> str:
    """`/a/b%20c`: each part quoted, slashes inside kept, as branches have them."""
    return "/" + "/".join(quote(part, safe="/") for part in parts)


def _requester(token: str, api_url: str, between_writes_s: float, timeout_s: int) -> Requester:
    from github import Auth, Github
    from urllib3.util import Retry

    # PyGithub's own retries send POST again, and sleep as long as a limit lasts.
    retry = Retry(
        total=_AGAIN,
        allowed_methods={"GET"},
        status_forcelist=range(500, 600),
        respect_retry_after_header=False,
        raise_on_status=False,
        backoff_factor=0.2,
    )
    return Github(
        auth=Auth.Token(token) if token else None,
        base_url=api_url,
        timeout=timeout_s,
        retry=retry,
        user_agent="models-hub",
        per_page=_PAGE,
        seconds_between_requests=0,
        seconds_between_writes=between_writes_s,
    ).requester


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _number(text: str) -> int:
    try:
        return int(float(text))
    except ValueError:
        return 0


def _shown(url: str) -> str:
    return url.partition("?")[0].rpartition("@")[2]
