"""The git data API: blobs, trees, commits, references."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from tests.support.github import shapes
from tests.support.github.answering import Answer, Call, Refused, invalid, listed, not_found, route
from tests.support.github.bare_repository import ZERO
from tests.support.github.following import notice
from tests.support.github.git_objects import (
    commit_of,
    edited_tree,
    signature_from,
    tree_entries,
    walk,
    write_commit,
)
from tests.support.github.state import Repository

_BIGGEST_BLOB = 100 * 1024 * 1024


@route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}")
def get_blob(call: Call) -> Answer:
    found = call.repository()
    blob = found.git.read(call.named["file_sha"])
    if blob is None or blob[0] != "blob":
        not_found()
    sha, content = call.named["file_sha"], blob[1]
    if len(content) > _BIGGEST_BLOB:
        raise Refused(403, "This API returns blobs up to 100 MB in size.")
    body = {
        "sha": sha,
        "node_id": f"B_{sha}",
        "size": len(content),
        "url": f"{call.url}/repos/{found.full_name}/git/blobs/{sha}",
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }
    return Answer(body=body)


@route("POST", "/repos/{owner}/{repo}/git/blobs")
def create_blob(call: Call) -> Answer:
    found = call.writable()
    content = str(call.required("content"))
    if call.fields().get("encoding", "utf-8") == "base64":
        try:
            data = base64.b64decode(re.sub(r"\s", "", content), validate=True)
        except binascii.Error as error:
            raise Refused(422, "content is not valid Base64") from error
    else:
        data = content.encode()
    sha = found.git.write("blob", data)
    url = f"{call.url}/repos/{found.full_name}/git/blobs/{sha}"
    return Answer(status=201, body={"sha": sha, "url": url}, headers={"Location": url})


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}")
def get_tree(call: Call) -> Answer:
    found = call.repository()
    sha = call.named["tree_sha"]
    if found.git.kind(sha) != "tree":
        commit = commit_of(found.git, found.git.resolve(sha) or ZERO)
        if commit is None:
            not_found()
        sha = commit.tree
    entries = walk(found.git, sha) if "recursive" in call.query else iter(tree_entries(found.git, sha).items())
    return Answer(body=_tree(call, found, sha, list(entries)))


def _tree(call: Call, of: Repository, sha: str, entries: list[Any]) -> dict[str, Any]:
    return {
        "sha": sha,
        "url": f"{call.url}/repos/{of.full_name}/git/trees/{sha}",
        "tree": [shapes.tree_entry(call.url, of, path, entry) for path, entry in entries],
        "truncated": False,
    }


@route("POST", "/repos/{owner}/{repo}/git/trees")
def create_tree(call: Call) -> Answer:
    found = call.writable()
    changes, base = call.required("tree"), call.fields().get("base_tree")
    if not isinstance(changes, list) or not changes:
        raise Refused(422, "Invalid tree info")
    if base is not None and found.git.kind(base) != "tree":
        # GitHub takes a commit here too.
        commit = commit_of(found.git, base)
        if commit is None:
            raise Refused(422, "base_tree is not a valid tree oid")
        base = commit.tree
    sha = edited_tree(found.git, base, changes)
    body = _tree(call, found, sha, list(tree_entries(found.git, sha).items()))
    return Answer(status=201, body=body, headers={"Location": body["url"]})


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}")
def get_commit(call: Call) -> Answer:
    found = call.repository()
    commit = commit_of(found.git, call.named["commit_sha"])
    if commit is None:
        not_found()
    return Answer(body=shapes.git_commit(call.url, found, commit))


@route("POST", "/repos/{owner}/{repo}/git/commits")
def create_commit(call: Call) -> Answer:
    found, fields = call.writable(), call.fields()
    message, tree, parents = call.required("message"), str(call.required("tree")), fields.get("parents", [])
    if found.git.kind(tree) != "tree":
        raise Refused(422, "Tree SHA does not exist")
    if any(commit_of(found.git, parent) is None for parent in parents):
        raise Refused(422, "Parent SHA does not exist or is not a commit object")
    own = {"name": call.user.login, "email": call.user.email}
    author = signature_from(fields.get("author") or own, now=call.now)
    committer = signature_from(fields["committer"], now=call.now) if fields.get("committer") else author
    sha = write_commit(found.git, tree=tree, parents=parents, author=author, committer=committer, message=str(message))
    made = commit_of(found.git, sha)
    assert made is not None
    body = shapes.git_commit(call.url, found, made)
    return Answer(status=201, body=body, headers={"Location": body["url"]})


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref}")
def get_ref(call: Call) -> Answer:
    found = call.repository()
    name = f"refs/{call.named['ref']}"
    sha = found.git.ref(name)
    if sha is None:
        not_found()
    return Answer(body=shapes.reference(call.url, found, name, sha))


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}")
def matching_refs(call: Call) -> Answer:
    found = call.repository()
    start = f"refs/{call.named['ref']}"
    names = [(name, sha) for name, sha in found.git.refs().items() if name.startswith(start)]
    return listed(call, names, lambda pair: shapes.reference(call.url, found, *pair))


@route("POST", "/repos/{owner}/{repo}/git/refs")
def create_ref(call: Call) -> Answer:
    found = call.writable()
    name, sha = str(call.required("ref")), str(call.required("sha"))
    if not name.startswith("refs/") or name.count("/") < 2 or not _is_name(found, name):
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    refs = found.git.refs()
    if name in refs:
        raise Refused(422, "Reference already exists")
    if found.git.kind(sha) is None:
        raise Refused(422, "Object does not exist")
    if any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in refs):
        raise Refused(422, "Reference update failed")
    found.git.move(name, sha, expected=ZERO)
    notice(call.github, call.user)
    body = shapes.reference(call.url, found, name, sha)
    return Answer(status=201, body=body, headers={"Location": body["url"]})


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}")
def update_ref(call: Call) -> Answer:
    found = call.writable()
    name, sha = f"refs/{call.named['ref']}", str(call.required("sha"))
    before = found.git.ref(name)
    if before is None:
        raise Refused(422, "Reference does not exist")
    if found.git.kind(sha) is None:
        raise Refused(422, "Object does not exist")
    if not call.fields().get("force", False) and not found.git.is_ancestor(before, sha):
        raise Refused(422, "Update is not a fast forward")
    found.git.move(name, sha, expected=before)
    notice(call.github, call.user)
    return Answer(body=shapes.reference(call.url, found, name, sha))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}")
def delete_ref(call: Call) -> Answer:
    found = call.writable()
    name = f"refs/{call.named['ref']}"
    if found.git.ref(name) is None:
        raise Refused(422, "Reference does not exist")
    if name == "refs/heads/main":
        raise invalid("Cannot delete the default branch", resource="Reference")
    found.git.delete(name)
    notice(call.github, call.user)
    return Answer(status=204)


def _is_name(of: Repository, name: str) -> bool:
    return of.git.git("check-ref-format", name, accept=(0, 1))[0] == 0
