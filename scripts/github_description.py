"""GitHub's own description of its API, as it hands it out on npm, cut down to what the tests' GitHub speaks.

python -m scripts.github_description    fetches it; tests fetch it too where it is not there

Neither the packages nor what is cut from them are part of this repository: both are kept in build/github.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.npm_packages import archive, locked

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "github"
OPENAPI = "@octokit/openapi@23.0.2"
OPENAPI_SHA256 = "71a18407dd5e8464f4e0525daf03deabbe65abd9287d6adc7b5d98f516cd0d0c"
GRAPHQL = "@octokit/graphql-schema@15.26.1"
GRAPHQL_SHA256 = "053e74249dafce2118fd9b7ae499b067d57c5f910c57745699ac45108bc68d1e"

_REPOSITORY = "/repos/{owner}/{repo}"
# Below a repository unless they start with "//": method and path, as the description names them.
OPERATIONS = tuple(
    f"{method} {path[1:] if path.startswith('//') else _REPOSITORY + path}"
    for method, path in (
        line.split(" ")
        for line in (
            "get //user",
            "get //rate_limit",
            "get ",
            "post /forks",
            "post /merge-upstream",
            "get /tags",
            "get /releases",
            "get /git/blobs/{file_sha}",
            "post /git/blobs",
            "get /git/trees/{tree_sha}",
            "post /git/trees",
            "get /git/commits/{commit_sha}",
            "post /git/commits",
            "get /git/ref/{ref}",
            "get /git/matching-refs/{ref}",
            "post /git/refs",
            "patch /git/refs/{ref}",
            "delete /git/refs/{ref}",
            "get /contents/{path}",
            "get /commits",
            "get /commits/{ref}",
            "get /commits/{ref}/check-runs",
            "get /commits/{ref}/status",
            "get /compare/{basehead}",
            "get /pulls",
            "post /pulls",
            "get /pulls/{pull_number}",
            "patch /pulls/{pull_number}",
            "put /pulls/{pull_number}/merge",
            "get /pulls/{pull_number}/files",
            "get /pulls/{pull_number}/commits",
            "get /pulls/{pull_number}/reviews",
            "get /pulls/{pull_number}/comments",
            "get /issues/{issue_number}/comments",
            "post /issues/{issue_number}/comments",
            "get /issues/comments/{comment_id}",
            "patch /issues/comments/{comment_id}",
            "get /issues/{issue_number}/labels",
            "post /issues/{issue_number}/labels",
        )
    )
)
WEBHOOKS = (
    *(
        f"pull-request-{action}"
        for action in (
            "opened",
            "synchronize",
            "closed",
            "reopened",
            "edited",
            "labeled",
            "converted-to-draft",
            "ready-for-review",
        )
    ),
    "pull-request-review-submitted",
    "pull-request-review-comment-created",
    "issue-comment-created",
    "issue-comment-edited",
    "check-run-created",
    "check-run-completed",
    "check-suite-completed",
    "push",
    "create",
    "release-created",
    "release-published",
    "release-released",
    "ping",
)
# Fields of these types are kept, and of scalars and enumerations.
TYPES = (
    "Query",
    "Mutation",
    "Node",
    "Actor",
    "User",
    "Bot",
    "Repository",
    "PullRequest",
    "GitObject",
    "Blob",
    "MarkPullRequestReadyForReviewInput",
    "MarkPullRequestReadyForReviewPayload",
    "ConvertPullRequestToDraftInput",
    "ConvertPullRequestToDraftPayload",
)


@dataclass(frozen=True, slots=True)
class Description:
    """`openapi` with the webhooks as paths `/webhooks/<name>`; `graphql` as schema language."""

    openapi: Mapping[str, Any]
    graphql: str


def description(kept: Path = KEPT) -> Description:
    """From `kept`; fetched and cut the first time. Raises RuntimeError where npm does not give what is pinned."""
    stamp = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    openapi, graphql, mark = kept / "openapi.json", kept / "schema.graphql", kept / "stamp"
    if not (mark.exists() and mark.read_text() == stamp):
        with locked(kept):
            if not (mark.exists() and mark.read_text() == stamp):
                openapi.write_text(json.dumps(_cut_openapi(_member(OPENAPI, OPENAPI_SHA256, kept))))
                graphql.write_text(_cut_graphql(_member(GRAPHQL, GRAPHQL_SHA256, kept).decode()))
                mark.write_text(stamp)
    return Description(json.loads(openapi.read_text()), graphql.read_text())


def _member(package: str, sha256: str, kept: Path) -> bytes:
    name = "package/schema.graphql" if package == GRAPHQL else "package/generated/api.github.com.json"
    with tarfile.open(archive(package, sha256=sha256, folder=kept)) as packed:
        found = packed.extractfile(name)
        if found is None:
            raise RuntimeError(f"{package}: expected a file {name} in it")
        return found.read()


def _cut_openapi(content: bytes) -> dict[str, Any]:
    whole = json.loads(content)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        method, path = operation.split(" ")
        paths.setdefault(path, {})[method] = whole["paths"][path][method]
    for name in WEBHOOKS:
        hook = whole["x-webhooks"][name]["post"]
        paths[f"/webhooks/{name}"] = {"post": {key: hook[key] for key in ("requestBody", "responses")}}
    cut: dict[str, Any] = {key: whole[key] for key in ("openapi", "info", "servers")} | {"paths": _plain(paths)}
    components: dict[str, dict[str, Any]] = {}
    waiting = list(_references(cut["paths"]))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _plain(whole["components"][kind][name])
            waiting += _references(components[kind][name])
    return cut | {"components": components}


def _plain(value: Any) -> Any:
    """Without what only readers need."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = "type" not in value and "$ref" not in value
    return {
        key: _plain(one)
        for key, one in value.items()
        if key not in ("examples", "example", "x-github", "externalDocs") and (key != "description" or named)
    }


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for one in value.values():
            yield from _references(one)


def _cut_graphql(text: str) -> str:
    from graphql import (
        EnumTypeDefinitionNode,
        InputObjectTypeDefinitionNode,
        InterfaceTypeDefinitionNode,
        ObjectTypeDefinitionNode,
        ScalarTypeDefinitionNode,
        parse,
        print_ast,
    )

    scalars = {"Int", "Float", "String", "Boolean", "ID"}
    nodes = parse(text, no_location=True).definitions
    plain = [_bare(node) for node in nodes if isinstance(node, ScalarTypeDefinitionNode | EnumTypeDefinitionNode)]
    known = scalars | {node.name.value for node in plain} | set(TYPES)
    shaped = [
        node
        for node in nodes
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode)
        and node.name.value in TYPES
    ]
    return "\n\n".join(print_ast(node) for node in [*plain, *(_kept_fields(node, known) for node in shaped)])


def _kept_fields(node: Any, known: set[str]) -> Any:
    """The type with the fields, arguments and interfaces that are known; without directives, which are GitHub's own."""
    fields = []
    for field in node.fields:
        if _type_name(field.type) not in known:
            continue
        arguments = getattr(field, "arguments", None) or ()
        kept = tuple(_bare(found) for found in arguments if _type_name(found.type) in known)
        fields.append(_bare(field, **({"arguments": kept} if arguments else {})))
    interfaces = getattr(node, "interfaces", None) or ()
    kept = tuple(found for found in interfaces if found.name.value in known)
    return _bare(node, fields=tuple(fields), **({"interfaces": kept} if interfaces else {}))


def _bare(node: Any, **changes: Any) -> Any:
    return dataclasses.replace(node, description=None, directives=(), **changes)


def _type_name(node: Any) -> str:
    while not hasattr(node, "name"):
        node = node.type
    name: str = node.name.value
    return name


if __name__ == "__main__":
    description()
    print(f"GitHub's description: kept in {KEPT.relative_to(ROOT)}", file=sys.stderr)
