"""The stored GitHub token tested again: pr_bot opens it and asks GitHub, identity keeps what was found."""

from __future__ import annotations

from gateway.auth import caller
from gateway.clients import calls
from shared.contracts.common import Empty
from shared.contracts.identity import GitHubTokenState, TestedGitHubToken


def tested_again() -> GitHubTokenState:
    """Raises NotFound where none is stored, and what `shared.github_token.examine` raises."""
    who = caller()
    found = calls().pr_bot.check_token(Empty(), who)
    tested = TestedGitHubToken(
        mark=found.mark, github_login=found.github_login, scopes=list(found.scopes), way=found.way
    )
    return calls().identity.tested_github_token(tested, who)
