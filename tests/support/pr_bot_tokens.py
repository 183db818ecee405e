"""A pr_bot world whose people have GitHub tokens, sealed as the gateway seals them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import cast

from nacl.public import PrivateKey, SealedBox

from services.pr_bot.tokens import Tokens
from services.pr_bot.upstream import Upstream
from services.pr_bot.upstream.accounts import Accounts
from shared.contracts.identity import Identity, SealedGitHubToken
from shared.github_token import examine
from tests.support.pr_bot_world import TOKEN, World

KEY = PrivateKey.generate()


def sealed(token: str, login: str, *, default_allowed: bool = False, key: PrivateKey = KEY) -> SealedGitHubToken:
    box = SealedBox(key.public_key).encrypt(token.encode())
    return SealedGitHubToken(
        present=True,
        sealed=base64.b64encode(box).decode(),
        key_id="12345678",
        github_login=login,
        default_allowed=default_allowed,
    )


def token_of(login: str) -> str:
    return f"ghp_{login:x<36}"


class TokenWorld(World):
    """`default_token` is the hub's own, empty for none; it holds from the next `restart` on."""

    default_token = TOKEN

    def accounts(self, upstream: Upstream) -> Accounts:
        assert self.github is not None
        connect: Callable[[str, str], Upstream] = self.adapter
        return Tokens(
            identity=cast(Identity, self.identity),
            seal_key=lambda: bytes(KEY),
            connect=connect,
            default_token=self.default_token,
            examine=partial(examine, api_url=self.github.url, repository=self.github.main.full_name),
        )

    def stores(self, person: str, login: str, *, push: bool = True, default_allowed: bool = False) -> str:
        """The person stores a token of that GitHub account; the token."""
        assert self.github is not None
        token = token_of(login)
        self.github.user(login, token=token, push=push)
        self.identity.sealed[person] = sealed(token, login, default_allowed=default_allowed)
        return token
