"""Whether a GitHub token can do what pull requests need, asked of GitHub with the token itself.

The token is in no error: what `requests` raises is never passed on, nor chained.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from shared.errors import HubError, Invalid, Unavailable

if TYPE_CHECKING:
    import requests

PUBLIC_API = "https://api.github.com"
TIMEOUT_S = 10
SILENT = "github-silent"
SHAPE = re.compile(r"(ghp_|gho_|ghu_|ghs_|github_pat_)[A-Za-z0-9_]{20,255}\Z")
# Fine-grained tokens have permissions instead of scopes, and GitHub says no word of them.
_SCOPES = "X-OAuth-Scopes"


class TokenUnfit(Invalid):
    """It is no token, or not one that pull requests can be opened with; `details["why"]` is a word for programs."""

    slug = "github-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRights:
    """What a token may do. `scopes` is empty for a fine-grained token, which has none.

    `way`: `direct` where it may push to upstream, `fork` where pull requests come from a fork.
    """

    login: str
    scopes: tuple[str, ...]
    way: Literal["direct", "fork"]


def require_shape(token: str) -> None:
    """Raises TokenUnfit for what no token of GitHub looks like."""
    if not SHAPE.match(token):
        raise unfit("shape", "this is not a GitHub token; it starts with ghp_ or github_pat_")


def examine(token: str, *, api_url: str, repository: str) -> TokenRights:
    """The rights of `token` in `repository` (`owner/name`); `api_url` may be empty for the public GitHub.

    Raises TokenUnfit where it cannot serve, Unavailable where GitHub does not say.
    """
    require_shape(token)
    base = api_url or PUBLIC_API
    person = _asked(f"{base}/user", token)
    scopes = _scopes(person.headers)
    place = _asked(f"{base}/repos/{repository}", token, absent=repository)
    known = _body(place)
    _require_scope(scopes, private=known.get("private") is True)
    permissions = known.get("permissions")
    pushes = isinstance(permissions, Mapping) and permissions.get("push") is True
    return TokenRights(login=_login(person), scopes=scopes or (), way="direct" if pushes else "fork")


def unfit(why: str, words: str, **found: Any) -> TokenUnfit:
    """A refusal that stands beside the token's field."""
    problem = {"path": "/token", "message": f"{words[:1].upper()}{words[1:]}."}
    return TokenUnfit(f"GitHub token: {words}", details={"errors": [problem], "why": why, **found})


def _asked(url: str, token: str, *, absent: str = "") -> requests.Response:
    # Loaded here: no start needs it, and it takes as long as the rest of the gateway.
    import requests

    def bear(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    headers = {"Accept": "application/vnd.github+json", "User-Agent": "models-hub"}
    try:
        # As `auth`, or a netrc file of this machine would put another account in its place.
        answer = requests.get(url, headers=headers, auth=bear, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        # The error's own text may carry the request; its kind says enough.
        raise _silent(f"GitHub did not answer ({type(error).__name__}); try again in a moment") from None
    refused = _refusal(answer, absent)
    if refused is not None:
        raise refused
    return answer


def _refusal(answer: requests.Response, absent: str) -> HubError | None:
    if answer.status_code == 401:
        return unfit(
            "unknown", "GitHub does not know it: it was revoked, has expired or was copied in part; make a new one"
        )
    if _is_limited(answer):
        until = _until(answer.headers)
        used_up = f"this token's calls to GitHub are used up{f' until {until}' if until else ''}; try again then"
        return _silent(used_up, why="limit", until=until)
    if answer.status_code == 403:
        if answer.headers.get("X-GitHub-SSO"):
            return unfit(
                "sso", "its organization wants it authorized for single sign-on; do that beside the token on GitHub"
            )
        return unfit("refused", "GitHub refuses it; make a new one on GitHub that may read its account")
    if answer.status_code == 404 and absent:
        return unfit(
            "unseen", f"it does not see the repository {absent}; give it access to that repository", repository=absent
        )
    if not answer.ok:
        return _silent(f"GitHub answered {answer.status_code}; try again in a moment")
    return None


def _is_limited(answer: requests.Response) -> bool:
    used_up = answer.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in answer.headers
    return answer.status_code == 429 or (answer.status_code == 403 and used_up)


def _until(headers: Mapping[str, str]) -> str:
    """`10:00 UTC`, empty where GitHub does not say."""
    reset = headers.get("X-RateLimit-Reset", "")
    if not (reset.isascii() and reset.isdigit() and len(reset) < 12):
        return ""
    return f"{datetime.fromtimestamp(int(reset), UTC):%H:%M} UTC"


def _silent(words: str, why: str = "silent", **found: Any) -> Unavailable:
    return Unavailable(f"GitHub token: {words}", slug=SILENT, details={"why": why, **found})


def _scopes(headers: Mapping[str, str]) -> tuple[str, ...] | None:
    """None for a fine-grained token."""
    said = headers.get(_SCOPES)
    return None if said is None else tuple(scope.strip() for scope in said.split(",") if scope.strip())


def _require_scope(scopes: tuple[str, ...] | None, *, private: bool) -> None:
    """`repo` holds `public_repo`, which is enough where the repository is everyone's to see."""
    wanted = ("repo",) if private else ("repo", "public_repo")
    if scopes is None or set(wanted) & set(scopes):
        return
    held = f"it has only {', '.join(scopes)}" if scopes else "it has no scope"
    raise unfit(
        "scope",
        f"{held}; pull requests need the scope {' or '.join(wanted)}: tick it beside the token on GitHub, "
        "or make a new one",
        missing=" or ".join(wanted),
        scopes=list(scopes),
    )


def _login(answer: requests.Response) -> str:
    login = _body(answer).get("login")
    if not isinstance(login, str) or not login:
        raise _unreadable()
    return login


def _unreadable() -> Unavailable:
    return _silent("GitHub's answer could not be read; try again in a moment")


def _body(answer: requests.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        raise _unreadable() from None
    return said if isinstance(said, dict) else {}
