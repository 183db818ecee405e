"""What is one's own: profile, models, API tokens, GitHub token, notifications."""

from __future__ import annotations

from flask import current_app

from gateway.answers import named
from gateway.auth import caller, forget_everyone, forget_visitor, read_caller, signed_in
from gateway.blueprints import Routes, require_positions
from gateway.clients import calls
from gateway.paging import part_of
from gateway.routes.bodies import GitHubTokenBody, ListQuery, NotificationsArgs, TokenList
from gateway.sealing import sealed_token
from gateway.token_test import tested_again
from shared.contracts import catalog as read
from shared.contracts import identity as api
from shared.contracts.common import Done, Empty
from shared.contracts.wire import query_schema_of, schema_of

blueprint = Routes("me", __name__, url_prefix="/api/v1/me", description="What is yours")


@blueprint.route("")
@signed_in
@blueprint.response(200, schema_of(api.Person))
def me() -> api.Person:
    """Your profile."""
    return calls().identity.me(Empty(), read_caller())


@blueprint.route("", methods=["PATCH"])
@signed_in
@blueprint.arguments(schema_of(api.UpdateProfile))
@blueprint.response(200, schema_of(api.Person))
def update_profile(body: api.UpdateProfile) -> api.Person:
    """Changes your profile; what is left out stays."""
    answer = calls().identity.update_profile(body, caller())
    forget_visitor()
    return answer.person


@blueprint.route("/models")
@signed_in
@blueprint.arguments(query_schema_of(read.FindMyModels), location="query")
@blueprint.response(200, schema_of(read.MyModels))
def my_models(query: read.FindMyModels) -> read.MyModels:
    """Your models, with their state and what to do next."""
    return named(calls().catalog.my_models(query, read_caller()))


@blueprint.route("/role-request", methods=["POST"])
@signed_in
@blueprint.arguments(schema_of(api.RequestRole))
@blueprint.response(200, schema_of(api.PersonAnswer))
def request_role(body: api.RequestRole) -> api.PersonAnswer:
    """Asks operators for a role."""
    return calls().identity.request_role(body, caller())


@blueprint.route("/tokens")
@signed_in
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(TokenList))
def tokens(query: ListQuery) -> TokenList:
    """Your API tokens, without their secrets."""
    require_positions(query.min_position)
    items = calls().identity.tokens(Empty(), read_caller()).items
    return part_of(TokenList(items=items, total=len(items)), page=query.page, per_page=query.per_page)


@blueprint.route("/tokens", methods=["POST"])
@signed_in
@blueprint.arguments(schema_of(api.IssueToken))
@blueprint.response(201, schema_of(api.IssuedToken))
def issue_token(body: api.IssueToken) -> api.IssuedToken:
    """Makes an API token; its `secret` is shown this once."""
    return calls().identity.issue_token(body, caller())


@blueprint.route("/tokens/<token_id>", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def revoke_token(token_id: str) -> None:
    """Revokes one of your API tokens at once."""
    calls().identity.revoke_token(api.TokenRef(id=token_id), caller())
    forget_everyone()


@blueprint.route("/github-token")
@signed_in
@blueprint.response(200, schema_of(api.GitHubTokenState))
def github_token() -> api.GitHubTokenState:
    """Whether a personal GitHub token is stored, masked."""
    return calls().identity.github_token(Empty(), read_caller())


@blueprint.route("/github-token", methods=["PUT"])
@signed_in
@blueprint.arguments(schema_of(GitHubTokenBody))
@blueprint.response(200, schema_of(api.GitHubTokenState))
def store_github_token(body: GitHubTokenBody) -> api.GitHubTokenState:
    """Tests your personal GitHub token and stores it, sealed; it is never shown again."""
    settings = current_app.extensions["hub_settings"]
    stored = sealed_token(body.token, settings, current_app.extensions["hub_seal_public_key"])
    return calls().identity.store_github_token(stored, caller())


@blueprint.route("/github-token", methods=["PATCH"])
@signed_in
@blueprint.arguments(schema_of(api.AllowDefaultToken))
@blueprint.response(200, schema_of(api.GitHubTokenState))
def allow_default_token(body: api.AllowDefaultToken) -> api.GitHubTokenState:
    """Says whether the hub's default token may go on with your pull requests where your own token fails."""
    return calls().identity.allow_default_token(body, caller())


@blueprint.route("/github-token/test", methods=["POST"])
@signed_in
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(200, schema_of(api.GitHubTokenState))
def retest_github_token(body: Empty) -> api.GitHubTokenState:
    """Tests the stored GitHub token again; pull requests that waited for it go on."""
    return tested_again()


@blueprint.route("/github-token", methods=["DELETE"])
@signed_in
@blueprint.response(204)
def clear_github_token() -> None:
    """Forgets your personal GitHub token; the default token serves again."""
    calls().identity.clear_github_token(Empty(), caller())


@blueprint.route("/notifications")
@signed_in
@blueprint.arguments(query_schema_of(NotificationsArgs), location="query")
@blueprint.response(200, schema_of(api.Notifications))
def notifications(query: NotificationsArgs) -> api.Notifications:
    """What happened to what is yours, newest first."""
    require_positions(query.min_position)
    request = api.NotificationsQuery(unread=query.unread, page=query.page, per_page=query.per_page)
    return calls().identity.notifications(request, read_caller())


@blueprint.route("/notifications/read", methods=["POST"])
@signed_in
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(200, schema_of(Done))
def mark_read(body: Empty) -> Done:
    """Marks all of them read."""
    answer = calls().identity.mark_read(Empty(), caller())
    forget_visitor()
    return answer
