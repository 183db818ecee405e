"""GitHub tokens: opened here alone, when they are used, and kept as what acts with them, never as text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from services.pr_bot.domain import DEFAULT_ACCOUNT
from services.pr_bot.upstream import TokenRefused, Upstream
from services.pr_bot.upstream.accounts import Account, Foreseen, person_of
from services.pr_bot.upstream.kept import Kept
from shared.contracts.common import system_caller
from shared.contracts.identity import Identity, PersonRef, SealedGitHubToken
from shared.contracts.pr_bot import TokenCheck
from shared.contracts.registry import DesiredState
from shared.errors import NotFound
from shared.github_token import TokenRights, unfit

Connect = Callable[[str, str], Upstream]
"""What acts upstream with a token (the first argument), as an account of that name."""

_ADAPTERS_KEPT = 64
_MEND = "store a new one in the User Center, with scopes repo and workflow"
_OR_CONSENT = ", or allow there that the hub's default token steps in"
_NO_DEFAULT = (
    "no pull request can be opened: this hub has no default GitHub token (HUB_GITHUB_TOKEN), and the model's owner "
    "has stored none; store a personal token in the User Center"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Personal:
    """A person's token as identity holds it; `key` tells it from any other without being it."""

    person: str
    login: str
    sealed: SealedGitHubToken

    @property
    def key(self) -> tuple[str, str, str]:
        return self.person, self.sealed.key_id, hashlib.sha256(self.sealed.sealed.encode()).hexdigest()


class Tokens:
    """The protocol `Accounts` over sealed personal tokens and the default's.

    `seal_key` gives the private half that opens them; `default_token` may be empty; `examine` asks upstream
    what a token may do.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        seal_key: Callable[[], bytes],
        connect: Connect,
        default_token: str,
        examine: Callable[[str], TokenRights],
    ) -> None:
        self._identity = identity
        self._seal_key = seal_key
        self._connect = connect
        self._examine = examine
        self._has_default = bool(default_token)
        self.reader = connect(default_token, DEFAULT_ACCOUNT)
        self._opened: Kept[tuple[str, str, str], Upstream] = Kept(most=_ADAPTERS_KEPT)
        self._refusals: Kept[tuple[str, str, str], str] = Kept(most=_ADAPTERS_KEPT)
        self._turn = threading.Lock()

    def of(self, desired: DesiredState, *, standing: str = "") -> Account:
        if standing == DEFAULT_ACCOUNT and self._has_default:
            return self._default()
        personal = self._personal(person_of(desired))
        if standing and standing != DEFAULT_ACCOUNT and (personal is None or personal.login != standing):
            personal = self._of_login(desired, standing) or personal
        if personal is None:
            return self._default()
        self._refusals.drop(personal.key)
        try:
            return Account(upstream=self._adapter(personal), opened_as=personal.login, person=personal.person)
        except TokenRefused as refusal:
            return self._stand_in(personal, refusal.message)

    def instead(self, desired: DesiredState, account: Account, why: str) -> Account:
        if account.opened_as == DEFAULT_ACCOUNT:
            raise TokenRefused(f"{why}; an operator sets another HUB_GITHUB_TOKEN")
        return self._stand_in(self._of_login(desired, account.opened_as), why)

    def foresee(self, person: str, *, standing: str = "") -> Foreseen:
        personal = self._personal(person) if standing != DEFAULT_ACCOUNT else None
        if personal is not None:
            why = self._refusals.get(personal.key)
            if why is None:
                return Foreseen(kind="personal", login=personal.login)
            if not (personal.sealed.default_allowed and self._has_default):
                return Foreseen(kind="paused", login=personal.login, note=self._advice(why, personal))
        if not self._has_default:
            return Foreseen(kind="paused", note=_NO_DEFAULT)
        return Foreseen(kind="default")

    def check(self, person: str) -> TokenCheck:
        personal = self._personal(person)
        if personal is None:
            raise NotFound("GitHub token: you have none stored; store one first")
        try:
            token = self._unsealed(personal)
        except TokenRefused:
            raise unfit("sealed", "it was sealed for another key than this hub's; store it once more") from None
        rights = self._examine(token)
        self._refusals.drop(personal.key)
        return TokenCheck(
            mark=personal.sealed.mark, github_login=rights.login, scopes=list(rights.scopes), way=rights.way
        )

    def close(self) -> None:
        self.reader.close()

    def _default(self) -> Account:
        if not self._has_default:
            raise TokenRefused(_NO_DEFAULT)
        return Account(upstream=self.reader)

    def _stand_in(self, personal: _Personal | None, why: str) -> Account:
        """The default, where the token's owner allows it; raises TokenRefused with what the owner can do."""
        if personal is not None:
            self._refusals.keep(personal.key, why)
            # What it may do has changed, so it is looked at anew when it is tried again.
            self._opened.drop(personal.key)
        if personal is None or not (personal.sealed.default_allowed and self._has_default):
            raise TokenRefused(self._advice(why, personal))
        return self._default()

    def _advice(self, why: str, personal: _Personal | None) -> str:
        may_consent = self._has_default and personal is not None and not personal.sealed.default_allowed
        return f"{why}; {_MEND}{_OR_CONSENT if may_consent else ''}"

    def _personal(self, person: str) -> _Personal | None:
        if not person or person.startswith("system:") or person == "upstream":
            return None
        try:
            sealed = self._identity.sealed_github_token(PersonRef(id=person), system_caller("pr_bot"))
        except NotFound:
            return None
        if not sealed.present:
            return None
        return _Personal(person=person, login=sealed.github_login, sealed=sealed)

    def _of_login(self, desired: DesiredState, login: str) -> _Personal | None:
        """The token that acts as `login`, where one of the model's people still has it stored."""
        for person in _people(desired):
            personal = self._personal(person)
            if personal is not None and personal.login == login:
                return personal
        return None

    def _adapter(self, personal: _Personal) -> Upstream:
        with self._turn:
            found = self._opened.get(personal.key)
            if found is None:
                if not personal.login:
                    raise TokenRefused(
                        "GitHub token: it was stored while this hub had no GitHub to test it with; test it in the "
                        "User Center, or store a new one there"
                    )
                found = self._opened.keep(personal.key, self._connect(self._unsealed(personal), personal.login))
            return found

    def _unsealed(self, personal: _Personal) -> str:
        try:
            box = base64.b64decode(personal.sealed.sealed, validate=True)
            return SealedBox(PrivateKey(self._seal_key())).decrypt(box).decode()
        except (CryptoError, binascii.Error, ValueError):
            # Chained, the error would carry the box.
            raise TokenRefused(
                f"GitHub token of {personal.login}: it was sealed for another key than this hub's "
                f"(key {personal.sealed.key_id or 'unknown'}); {_MEND}"
            ) from None


def _people(desired: DesiredState) -> Iterable[str]:
    return dict.fromkeys([person_of(desired), desired.submitter, *desired.owners])
