"""The key that the gateway seals with; apart from the first start, whose imports no server needs."""

from __future__ import annotations

import base64

from nacl.public import PrivateKey

from shared.config import Settings


def seal_public_key(settings: Settings) -> bytes:
    """The public half of pr_bot's key pair."""
    if settings.seal_public_key is not None:
        return settings.seal_public_key
    private = settings.seal_key or base64.b64decode(settings.seal_key_file.read_text(encoding="ascii"))
    return bytes(PrivateKey(private).public_key)
