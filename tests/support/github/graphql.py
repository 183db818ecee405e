"""The few things that GitHub does by GraphQL alone: draft and ready; and looking at pull requests that way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

from tests.support.github import acts
from tests.support.github.acts import Actor
from tests.support.github.answering import Answer, Call, Refused, route
from tests.support.github.git_objects import iso
from tests.support.github.shapes import SITE
from tests.support.github.state import Pull, Repository

_LONGEST_TEXT = 512_000
Resolver = Callable[[Call, Mapping[str, Any]], Any]


class Failed(Exception):
    """An error in GraphQL's own list; GitHub answers 200 with it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@route("POST", "/graphql")
def answer(call: Call) -> Answer:
    fields = call.fields()
    try:
        document = parse(str(call.required("query")))
    except GraphQLError as error:
        return Answer(body={"errors": [{"message": error.message}]})
    [operation] = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
    selected = _Selection(call, fields.get("variables") or {}, fragments)
    roots = MUTATIONS if operation.operation.value == "mutation" else QUERIES
    errors: list[dict[str, Any]] = []
    data = selected.roots(operation.selection_set, roots, errors)
    return Answer(body={"data": data} | ({"errors": errors} if errors else {}))


class _Selection:
    """Picks what a query selects from whole things; a thing's field may be a function that is called when picked."""

    def __init__(
        self, call: Call, variables: Mapping[str, Any], fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._call = call
        self._variables = variables
        self._fragments = fragments

    def roots(
        self, selection: SelectionSetNode, resolvers: Mapping[str, Resolver], errors: list[dict[str, Any]]
    ) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for node in self._nodes(selection, "Query"):
            name, key = node.name.value, (node.alias or node.name).value
            try:
                data[key] = self._picked(node, resolvers.get(name, _unknown)(self._call, self._arguments(node)))
            except Failed as failed:
                data[key] = None
                errors.append({"type": failed.kind, "path": [key], "message": str(failed)})
        return data

    def _arguments(self, node: FieldNode) -> dict[str, Any]:
        variables = dict(self._variables)
        return {given.name.value: value_from_ast_untyped(given.value, variables) for given in node.arguments or ()}

    def _nodes(self, selection: SelectionSetNode, kind: str) -> list[FieldNode]:
        found: list[FieldNode] = []
        for node in selection.selections:
            if isinstance(node, FieldNode):
                found.append(node)
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            assert isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode)
            wanted = fragment.type_condition.name.value if fragment.type_condition else kind
            if wanted in (kind, "Node", "Actor"):
                found += self._nodes(fragment.selection_set, kind)
        return found

    def _picked(self, node: FieldNode, thing: Any) -> Any:
        if callable(thing):
            thing = thing(self._arguments(node))
        if isinstance(thing, list):
            return [self._picked(node, one) for one in thing]
        if not isinstance(thing, dict) or node.selection_set is None:
            return thing
        picked = {}
        for below in self._nodes(node.selection_set, thing["__typename"]):
            name = below.name.value
            if name not in thing:
                raise Failed("undefinedField", f"the fake has no field {name} of {thing['__typename']}")
            picked[(below.alias or below.name).value] = self._picked(below, thing[name])
        return picked


def _unknown(call: Call, arguments: Mapping[str, Any]) -> Any:
    raise Failed("undefinedField", "Field doesn't exist in the fake")


def _pull(call: Call, of: Repository, pull: Pull) -> dict[str, Any]:
    site = f"{SITE}/{of.full_name}/pull/{pull.number}"
    return {
        "__typename": "PullRequest",
        "id": pull.node_id,
        "databaseId": pull.id,
        "number": pull.number,
        "title": pull.title,
        "body": pull.body or "",
        "url": site,
        "isDraft": pull.draft,
        "state": "MERGED" if pull.merged else pull.state.upper(),
        "merged": pull.merged,
        "closed": pull.state == "closed",
        "headRefName": pull.head_ref,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "baseRefOid": pull.base_sha,
        "createdAt": iso(pull.created_at),
        "updatedAt": iso(pull.updated_at),
        "author": {"__typename": "User", "login": pull.user.login, "url": f"{SITE}/{pull.user.login}"},
    }


def _repository(call: Call, of: Repository) -> dict[str, Any]:
    def one(arguments: Mapping[str, Any]) -> dict[str, Any]:
        pull = of.pulls.get(int(arguments["number"]))
        if pull is None:
            number = arguments["number"]
            raise Failed("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return _pull(call, of, pull)

    return {
        "__typename": "Repository",
        "id": f"R_{of.id}",
        "name": of.name,
        "nameWithOwner": of.full_name,
        "pullRequest": one,
        "object": lambda arguments: _object(of, str(arguments["oid"])),
    }


def _object(of: Repository, oid: str) -> dict[str, Any] | None:
    """Blobs alone; text is not given of binary content, and cut of long."""
    found = of.git.read(oid)
    if found is None or found[0] != "blob":
        return None
    is_binary = b"\0" in found[1]
    text = None if is_binary else found[1].decode("utf-8", "replace")
    return {
        "__typename": "Blob",
        "oid": oid,
        "byteSize": len(found[1]),
        "isBinary": is_binary,
        "isTruncated": len(found[1]) > _LONGEST_TEXT,
        "text": text[:_LONGEST_TEXT] if text is not None else None,
    }


def _by_id(call: Call, node_id: str) -> tuple[Repository, Pull]:
    found = call.github.pull_of(node_id)
    if found is None or not found[0].visible_to(call.user):
        raise Failed("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'")
    return found


def _query_node(call: Call, arguments: Mapping[str, Any]) -> Any:
    return _pull(call, *_by_id(call, str(arguments["id"])))


def _query_repository(call: Call, arguments: Mapping[str, Any]) -> Any:
    found = call.github.find(str(arguments["owner"]), str(arguments["name"]))
    if found is None or not found.visible_to(call.user):
        name = f"{arguments['owner']}/{arguments['name']}"
        raise Failed("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
    return _repository(call, found)


def _query_viewer(call: Call, arguments: Mapping[str, Any]) -> Any:
    return {"__typename": "User", "login": call.user.login, "id": f"U_{call.user.id}"}


def _drafting(*, draft: bool) -> Resolver:
    def resolve(call: Call, arguments: Mapping[str, Any]) -> Any:
        given = arguments["input"]
        repository, pull = _by_id(call, str(given["pullRequestId"]))
        author = pull.user is call.user and call.token.may_write(repository, "pull_requests")
        if not author and not call.may(repository, "pull_requests"):
            verb = "ConvertPullRequestToDraft" if draft else "MarkPullRequestReadyForReview"
            raise Failed("FORBIDDEN", f"{call.user.login} does not have the correct permissions to execute `{verb}`")
        if pull.state != "open":
            raise Failed("UNPROCESSABLE", "Pull request is closed")
        try:
            acts.set_draft(Actor(call.github, repository, call.user), pull, draft=draft)
        except Refused as refused:
            raise Failed("UNPROCESSABLE", str(refused)) from refused
        return {
            "__typename": "Payload",
            "clientMutationId": given.get("clientMutationId"),
            "pullRequest": _pull(call, repository, pull),
        }

    return resolve


QUERIES: Mapping[str, Resolver] = {
    "node": _query_node,
    "repository": _query_repository,
    "viewer": _query_viewer,
}
MUTATIONS: Mapping[str, Resolver] = {
    "markPullRequestReadyForReview": _drafting(draft=False),
    "convertPullRequestToDraft": _drafting(draft=True),
}
