"""Identity's use cases, split by subject."""

from __future__ import annotations

from services.identity.application.access import AccessUseCases
from services.identity.application.accounts import AccountUseCases
from services.identity.application.base import IdentityBase
from services.identity.application.github import GitHubUseCases
from services.identity.application.groups import GroupUseCases
from services.identity.application.inbox import InboxUseCases


class Application(AccountUseCases, AccessUseCases, GitHubUseCases, GroupUseCases, InboxUseCases, IdentityBase):
    """Implements `shared.contracts.identity.Identity`."""
