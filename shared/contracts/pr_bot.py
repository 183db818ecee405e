"""pr_bot: the pull request of each public model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

import marshmallow as ma

from shared.contracts.common import Caller, Done, Empty, ModelName, ModelRef, Reason, Service, ShortText

CLOSED_UPSTREAM = "closed upstream"
"""The reason of a request that a person closed there, which is the only kind that can be reopened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestAction:
    """The gateway has asked registry's `model_access` for owners; reviewers and operators may always."""

    name: ModelName
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestAnswer:
    name: str
    state: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a webhook said happened upstream: a hint where to look, never what to believe.

    `event` is GitHub's name of it (push, pull_request, issue_comment, check_run, release, …), `delivery` its id.
    `branch` is a branch's name or a full ref; `number`, `branch` and `sha` are 0 or empty where it names none.
    """

    event: str
    action: str = ""
    delivery: str = ""
    number: int = 0
    branch: str = ""
    sha: str = ""


AtMost = Annotated[int, ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 1_000_000))]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPullRequests:
    """For operators, all of it at once: `paused` stops every request as it is; 0 is no cap.

    `batch`: what is published of one owner goes in one request; what is open goes on as it is.
    """

    reason: Reason
    paused: bool = False
    most_open: AtMost = 0
    most_per_hour: AtMost = 0
    batch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsWork:
    """One person's models that wait for the bot; `submitter` is an opaque id or `system:<service>`.

    `open` and `failed` count the requests of what that person submitted.
    """

    submitter: str
    due: int = 0
    open: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesQuery:
    """The asker has seen that these models may be seen."""

    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`place` counts from 1 among all that is due, in the order it is taken; `next_try_at` in Unix seconds.

    `because` says what it waits for beyond its turn, as UpstreamState's `waits_because`. `attempts` failed in a row.
    """

    name: str
    place: int
    next_try_at: float
    attempts: int = 0
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Of those that are due; the others have nothing to wait for. `due` is how many there are in all."""

    items: list[Place] = field(default_factory=list)
    due: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamState:
    """`enabled` is False with HUB_UPSTREAM=off. `looked_at` in Unix seconds, 0 before the first look.

    `limit` and `remaining` are the default account's calls in a window that ends at `resets_at`, 0 where
    nothing is limited. Until `waits_until` (0: not at all) nothing is asked of upstream; `waits_because`: `budget`
    where the window's calls are used up, `pace` where upstream wants a pause, `paused` by an operator, `full` where
    no more requests may be opened now (others are kept up to date). `next_try_at` is of what comes first.
    An operator set `paused`, `most_open` at once, `most_per_hour` (0: no cap) and `batch`, and said `control_reason`;
    `opened_lately` counts the last hour, `open` requests, `counts` models by state of theirs. For operators and
    services alone: `people`, where a local `target` lies, and what `error` it was.
    """

    enabled: bool
    target: str
    layout: str = ""
    head: str = ""
    looked_at: float = 0.0
    error: str = ""
    due: int = 0
    open: int = 0
    failed: int = 0
    limit: int = 0
    remaining: int = 0
    resets_at: int = 0
    waits_until: float = 0.0
    waits_because: str = ""
    next_try_at: float = 0.0
    paused: bool = False
    most_open: int = 0
    most_per_hour: int = 0
    batch: bool = False
    control_reason: str = ""
    opened_lately: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    people: list[PersonsWork] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensAsQuery:
    """Of the model `name` as it stands, or, where that is empty, of a model that the caller would submit."""

    name: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensAs:
    """Whose account opens the pull request, as far as is known without asking upstream.

    `kind`: personal (the token of `login`), default (the hub's, `login` where it is known), local (a repository
    without accounts), off (no pull requests), paused (none can be opened now). `note` says why and what to do.
    """

    kind: Literal["personal", "default", "local", "off", "paused"]
    login: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCheck:
    """What GitHub says of a stored token, as identity's TestedGitHubToken takes it."""

    mark: str
    github_login: str
    scopes: list[str] = field(default_factory=list)
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchCommit:
    """`author` is a name as git has it, `at` Unix seconds, `subject` the message's first line."""

    sha: str
    author: str
    at: int
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchContent:
    """What a request's branch holds that the bot did not put there.

    `commits` are people's, the newest first; without any, the rest says nothing. `diff` leads from the bot's
    commit to the branch, cut at 200,000 characters. `document` is the model as the branch holds it; where that
    is empty, `problem` says why. `beyond`: files in which more than the model's own record differs.
    `latest_revision` is registry's, in any state.
    """

    name: str
    branch: str = ""
    number: int = 0
    url: str = ""
    head_sha: str = ""
    commits: list[BranchCommit] = field(default_factory=list)
    diff: str = ""
    document: str = ""
    problem: str = ""
    beyond: list[str] = field(default_factory=list)
    latest_revision: int = 0


class PrBot(Service, Protocol):
    def retry(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def rebuild(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def reopen(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def look(self, request: Empty, caller: Caller) -> Done:
        """Look at upstream now instead of at the next poll."""

    def upstream(self, request: Empty, caller: Caller) -> UpstreamState: ...

    def heard(self, request: Heard, caller: Caller) -> Done:
        """Look where a webhook points; for the gateway, once it has checked the signature.

        The same again, or about something unknown, changes nothing.
        """

    def control(self, request: ControlPullRequests, caller: Caller) -> Done: ...

    def places(self, request: PlacesQuery, caller: Caller) -> Places:
        """Where these models stand in the order of work."""

    def opens_as(self, request: OpensAsQuery, caller: Caller) -> OpensAs: ...

    def branch_content(self, request: ModelRef, caller: Caller) -> BranchContent:
        """Asks upstream; for whoever may act on the request."""

    def take_branch(self, request: PullRequestAction, caller: Caller) -> BranchContent:
        """What is to be taken over, without its `diff`; a repeated command gets the same, whatever came after it.

        Raises Conflict where no person committed to the branch, or where it does not hold the model.
        """

    def check_token(self, request: Empty, caller: Caller) -> TokenCheck:
        """Asks GitHub what the caller's own stored token may do now.

        NotFound where none is stored, Conflict where upstream is no GitHub, Invalid (`github-token`) where the
        token cannot serve, Unavailable where GitHub does not say.
        """
