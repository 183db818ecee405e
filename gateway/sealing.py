"""GitHub tokens are sealed here, at the edge, for pr_bot's key: from here on nobody else can read them."""

from __future__ import annotations

import base64
import hashlib

from nacl.public import PublicKey, SealedBox

from shared.config import Settings
from shared.contracts.identity import StoreGitHubToken
from shared.github_token import TokenRights, examine, require_shape


def key_id(public_key: bytes) -> str:
    """Which key a box was sealed for; eight digits of its hash."""
    return hashlib.sha256(public_key).hexdigest()[:8]


def sealed_token(token: str, settings: Settings, public_key: bytes) -> StoreGitHubToken:
    """The token tested and sealed; raises Invalid where it is none or cannot serve, Unavailable where nobody says."""
    token = token.strip()
    require_shape(token)
    rights = _rights(token, settings)
    box = SealedBox(PublicKey(public_key)).encrypt(token.encode())
    prefix = "github_pat_" if token.startswith("github_pat_") else token[:4]
    return StoreGitHubToken(
        sealed=base64.b64encode(box).decode(),
        key_id=key_id(public_key),
        masked=f"{prefix}…{token[-4:]}",
        github_login=rights.login if rights else "",
        scopes=list(rights.scopes) if rights else [],
        way=rights.way if rights else "",
    )


def _rights(token: str, settings: Settings) -> TokenRights | None:
    """None where upstream is no GitHub that could be asked."""
    if settings.upstream.kind != "github":
        return None
    return examine(token, api_url=settings.github_api_url, repository=settings.upstream.location)
