"""What people read of their GitHub token, and of the account that opens their pull requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from gateway.service_words import in_language
from shared.contracts.identity import GitHubTokenState
from shared.contracts.pr_bot import OpensAs
from shared.errors import HubError
from shared.github_token import SILENT, TokenUnfit

FINE_GRAINED = "github_pat_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """As whom a pull request will be opened; `note` says why, in the bot's own words."""

    tone: str
    sentence: str
    note: str = ""


def opening(found: OpensAs) -> Opening:
    if found.kind == "personal":
        sentence = _("The pull request will be opened as %(login)s.", login=found.login)
    elif found.kind == "default" and found.login:
        sentence = _("The pull request will be opened by the hub's account, %(login)s.", login=found.login)
    elif found.kind == "default":
        sentence = _("The pull request will be opened by the hub's account.")
    elif found.kind == "local":
        sentence = _("The pull request will be opened on the local repository.")
    elif found.kind == "off":
        return Opening(tone="info", sentence=_("No pull request will be opened: they are switched off in this hub."))
    else:
        return Opening(tone="warn", sentence=_("No pull request can be opened now."), note=_sentence(found.note))
    return Opening(tone="info", sentence=sentence, note=_sentence(found.note))


def _sentence(words: str) -> str:
    """The bot's words, which are made to stand behind a colon, as a sentence of their own."""
    said = in_language(words)
    if said != words:
        return said if said.endswith("。") else f"{said}。"
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""


def token_facts(state: GitHubTokenState) -> list[tuple[str, str]]:
    """What the test found, as name and value; nothing where the token was not tested."""
    facts = []
    if state.github_login:
        facts.append((_("GitHub account"), state.github_login))
    if state.scopes:
        facts.append((_("Scopes"), ", ".join(state.scopes)))
    elif state.way:
        facts.append((_("Scopes"), _("none; a fine-grained token has permissions instead")))
    if state.way == "direct":
        facts.append((_("Pull requests"), _("from a branch of upstream")))
    elif state.way == "fork":
        facts.append((_("Pull requests"), _("from a fork in your account")))
    return facts


def token_note(state: GitHubTokenState) -> str:
    """What may yet go wrong with a token that passed the test; empty where nothing is known to."""
    if state.way != "fork":
        return ""
    if state.masked.startswith(FINE_GRAINED):
        return str(
            _(
                "GitHub may refuse a fine-grained token's pull requests on a repository that you are no member of. "
                "A classic token with the scope repo is sure to work."
            )
        )
    if "repo" not in state.scopes or "workflow" not in state.scopes:
        return str(_("If GitHub refuses to write to your fork, a token with the scopes repo and workflow helps."))
    return ""


def in_words(error: HubError) -> HubError:
    """The error in the page's language, where it is about a token and there are words for it."""
    say = _WORDS.get(str(error.details.get("why", "")))
    if error.error_slug not in (TokenUnfit.slug, SILENT) or say is None:
        return error
    words = say(error.details)
    errors = [{**problem, "message": words} for problem in error.details.get("errors", [])]
    return type(error)(words, slug=error.error_slug, details={**error.details, "errors": errors})


def _scope(found: Mapping[str, Any]) -> str:
    missing, held = found.get("missing", "repo"), ", ".join(found.get("scopes", ()))
    if not held:
        words = _(
            "This token has no scope; pull requests need %(missing)s. Tick it beside the token on GitHub, "
            "or make a new one.",
            missing=missing,
        )
    else:
        words = _(
            "This token has only the scopes %(held)s; pull requests need %(missing)s. "
            "Tick it beside the token on GitHub, or make a new one.",
            held=held,
            missing=missing,
        )
    return str(words)


def _limit(found: Mapping[str, Any]) -> str:
    if not found.get("until"):
        return str(_("This token's calls to GitHub are used up for now. Nothing was changed; try again later."))
    words = _(
        "This token's calls to GitHub are used up until %(until)s. Nothing was changed; try again then.",
        until=found["until"],
    )
    return str(words)


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "shape": lambda _found: _("This is not a GitHub token. It starts with ghp_ or github_pat_."),
    "unknown": lambda _found: _(
        "GitHub does not know this token: it was revoked, has expired, or was copied in part. Make a new one."
    ),
    "refused": lambda _found: _("GitHub refuses this token. Make a new one that may read its own account."),
    "sso": lambda _found: _(
        "The token's organization wants it authorized for single sign-on. Do that beside the token on GitHub."
    ),
    "unseen": lambda found: _(
        "This token does not see the repository %(name)s. Give it access to that repository.",
        name=found.get("repository", ""),
    ),
    "sealed": lambda _found: _("The stored token was sealed for another key than this hub's. Store it once more."),
    "scope": _scope,
    "limit": _limit,
    "silent": lambda _found: _("GitHub did not answer as expected. Nothing was changed; try again in a moment."),
}
