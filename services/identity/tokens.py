"""Secrets: passwords by argon2id, sessions and API tokens by their SHA-256 (they are random and long)."""

from __future__ import annotations

import hashlib
import secrets
from functools import cached_property
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

API_TOKEN_PREFIX = "hub_"  # noqa: S105 a prefix people and scanners recognise, no secret


class Passwords:
    """argon2id with the library's parameters; a hash made with older ones is made anew at sign-in."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Made when it is first needed: it costs a start a tenth of a second, and a console command as much."""
        return self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Takes as long for an account that is not there, so that time tells nobody who has one."""
        try:
            return self._hasher.verify(stored or self._nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)


def new_session_token() -> str:
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    return API_TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_id() -> str:
    """An opaque id for a person, a group or a token."""
    return uuid4().hex
