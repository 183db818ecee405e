"""The hub's REST API as the console calls it; what it refuses is a few lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from gateway.console.refusals import Refused
from shared.errors import Unavailable

CONNECT_S = 5.0
ANSWER_S = 60.0
NOT_FOUND = 404


class HubUnreachable(Unavailable):
    slug = "hub-unreachable"


class _Bearer(requests.auth.AuthBase):
    """Sent as it is: without an auth of its own, requests would put a ~/.netrc entry in its place."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._secret:
            request.headers["Authorization"] = f"Bearer {self._secret}"
        return request


class HubClient:
    """Calls below `/api/v1`. Raises Refused with what the hub says, HubUnreachable where none answers.

    `secret` is an API token, empty for an anonymous caller; it is in no message.
    """

    def __init__(self, address: str, secret: str = "") -> None:
        self.address = address
        self._session = requests.Session()
        self._session.auth = _Bearer(secret)
        self._session.headers["User-Agent"] = "models-hub-console"

    def get(self, path: str) -> Any:
        return self._json(self._send("GET", f"/api/v1{path}"))

    def find(self, path: str) -> Any | None:
        """None for what is not there, or what one may not see."""
        answer = self._send("GET", f"/api/v1{path}", accepted=(NOT_FOUND,))
        return None if answer.status_code == NOT_FOUND else self._json(answer)

    def post(self, path: str, body: Mapping[str, Any], *, key: str = "") -> Any:
        """`key`: the same one again changes nothing twice."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._json(self._send("POST", f"/api/v1{path}", json=body, headers=headers))

    def feed(self, model_type: str, *, token: str) -> Any:
        """The client feed; `token` adds what its owner alone may have."""
        headers = {"X-Models-Token": token} if token else {}
        path = f"/api/models/download?model_type={model_type}"
        return self._json(self._send("GET", path, headers=headers))

    def _send(self, method: str, path: str, *, accepted: tuple[int, ...] = (), **options: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.address + path, timeout=(CONNECT_S, ANSWER_S), **options)
        except requests.ConnectionError as error:
            raise HubUnreachable(f"{self.address}: expected a hub there, nothing answers; check HUB_URL") from error
        except requests.RequestException as error:
            raise HubUnreachable(
                f"{self.address}: expected an answer, found {type(error).__name__}; try again, or check HUB_URL"
            ) from error
        if answer.status_code >= 400 and answer.status_code not in accepted:
            raise Refused("\n".join(_lines(answer)))
        return answer

    def _json(self, answer: requests.Response) -> Any:
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise HubUnreachable(f"{self.address}: expected a hub, found another program; check HUB_URL") from error


def _lines(answer: requests.Response) -> list[str]:
    """The problem in one line, then each of its errors with its place."""
    try:
        problem = answer.json()
        detail, errors = str(problem["detail"]), problem.get("errors", [])
        lines = [" ".join(detail.split())]
        for error in errors:
            place = f":{error['line']}:{error.get('column', 0)}" if error.get("line") else ""
            line = f"  {error.get('path') or '(the whole)'}{place}: {error['message']}"
            lines += [line] if line not in lines else []
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"{answer.url.partition('?')[0]}: it answered {answer.status_code} {answer.reason}; check HUB_URL"]
    if answer.status_code == 401:
        lines[0] += " (HUB_API_TOKEN)"
    return lines
