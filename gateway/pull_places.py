"""Where pull requests stand in the bot's order of work, and what upstream lets it do: pr_bot's answers, for pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.auth import read_caller
from gateway.clients import calls
from shared.contracts.catalog import PullRequest
from shared.contracts.common import Empty
from shared.contracts.pr_bot import PlacesQuery, UpstreamState
from shared.errors import Unavailable

# In these nothing waits for the bot, unless somebody asks for it.
_RESTING = frozenset({"none", "noop", "merged", "closed", "superseded"})


def placed(pulls: Sequence[PullRequest]) -> list[PullRequest]:
    """The same, each with its place and its next try; as they are for those who are not signed in.

    A page goes without where pr_bot does not answer.
    """
    caller = read_caller()
    names = [pull.name for pull in pulls if pull.state not in _RESTING]
    if not caller.user_id or not names:
        return list(pulls)
    try:
        places = {place.name: place for place in calls().pr_bot.places(PlacesQuery(names=names), caller).items}
    except Unavailable:
        return list(pulls)
    return [
        replace(
            pull,
            place=place.place,
            waits_because=place.because,
            next_try_at=max(pull.next_try_at, round(place.next_try_at)),
        )
        if (place := places.get(pull.name.lower())) is not None
        else pull
        for pull in pulls
    ]


def upstream_state() -> UpstreamState | None:
    """None where pr_bot does not answer."""
    try:
        return calls().pr_bot.upstream(Empty(), read_caller())
    except Unavailable:
        return None
