"""GitHub tokens are sealed here, at the edge, for pr_bot's key: from here on nobody else can read them."""

from __future__ import annotations

import base64
import hashlib
import re

from nacl.public import PublicKey, SealedBox

from shared.config import Settings
from shared.contracts.identity import StoreGitHubToken
from shared.errors import Invalid, Unavailable

SHAPE = re.compile(r"(ghp_|gho_|ghu_|ghs_|github_pat_)[A-Za-z0-9_]{20,255}\Z")
TIMEOUT_S = 10


def key_id(public_key: bytes) -> str:
    """Which key a box was sealed for; eight digits of its hash."""
    return hashlib.sha256(public_key).hexdigest()[:8]


def sealed_token(token: str, settings: Settings, public_key: bytes) -> StoreGitHubToken:
    """The token tested and sealed; raises Invalid where it is none, or GitHub refuses it."""
    token = token.strip()
    if not SHAPE.match(token):
        raise _refused("this is not a GitHub token; it starts with ghp_ or github_pat_")
    login = _login(token, settings) if settings.upstream.kind == "github" else ""
    box = SealedBox(PublicKey(public_key)).encrypt(token.encode())
    prefix = "github_pat_" if token.startswith("github_pat_") else token[:4]
    return StoreGitHubToken(
        sealed=base64.b64encode(box).decode(),
        key_id=key_id(public_key),
        masked=f"{prefix}…{token[-4:]}",
        github_login=login,
    )


def _login(token: str, settings: Settings) -> str:
    # Loaded here: no start needs it, and it takes as long as the rest of the gateway.
    import requests

    base = settings.github_api_url or "https://api.github.com"
    try:
        answer = requests.get(f"{base}/user", headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        # The error's own text may carry the request; its kind says enough.
        raise Unavailable(f"GitHub did not answer ({type(error).__name__}); try again in a moment") from None
    if answer.status_code in (401, 403):
        raise _refused("GitHub refuses this token; make a new one with the scopes repo and workflow")
    if not answer.ok:
        raise Unavailable(f"GitHub answered {answer.status_code}; try again in a moment")
    return str(answer.json().get("login", ""))


def _refused(why: str) -> Invalid:
    return Invalid(
        f"GitHub token: {why}", slug="github-token", details={"errors": [{"path": "/token", "message": f"{why}."}]}
    )
