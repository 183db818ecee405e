"""Who the token's user is, and repositories: looking at them, forking, bringing a fork up to date."""

from __future__ import annotations

from tests.support.github import shapes
from tests.support.github.answering import Answer, Call, Refused, route
from tests.support.github.bare_repository import forked
from tests.support.github.following import notice
from tests.support.github.state import Repository


@route("GET", "/user")
def get_user(call: Call) -> Answer:
    return Answer(body=shapes.own_user(call.url, call.user))


@route("GET", "/rate_limit")
def get_rate_limit(call: Call) -> Answer:
    core, graphql = (call.github.limit.shown(call.token, of, call.now) for of in ("core", "graphql"))
    other = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
    return Answer(body={"resources": {"core": core, "search": other, "graphql": graphql}, "rate": core})


@route("GET", "/repos/{owner}/{repo}")
def get_repository(call: Call) -> Answer:
    found = call.repository()
    return Answer(body=shapes.full_repository(call.url, found, push=call.may(found)))


@route("POST", "/repos/{owner}/{repo}/forks")
def create_fork(call: Call) -> Answer:
    """Made at once, to be seen after as many looks as the fake's `fork_appears_after` says."""
    source, github = call.repository(), call.github
    if not github.forking:
        raise Refused(403, "Forking is disabled for this repository.")
    if not call.token.may_write(source, "administration"):
        if call.token.fine_grained:
            raise Refused(403, "Resource not accessible by personal access token")
        raise Refused(404, "Not Found")
    mine = [found for found in github.repositories.values() if found.owner is call.user]
    fork = next((found for found in mine if source in (found, found.parent)), None)
    if fork is None:
        given = call.body or {}
        name = str(given.get("name") or source.name)
        taken = {found.name.lower() for found in mine}
        name = name if name.lower() not in taken else f"{name}-1"
        path = github.folder / call.user.login / f"{name}.git"
        fork = Repository(
            id=next(github.ids),
            owner=call.user,
            name=name,
            git=forked(source.git, path, only="main" if given.get("default_branch_only") else None),
            created_at=call.now,
            parent=source,
            appears_after=github.fork_appears_after,
        )
        github.keep(fork)
    return Answer(status=202, body=shapes.full_repository(call.url, fork, push=True))


@route("POST", "/repos/{owner}/{repo}/merge-upstream")
def merge_upstream(call: Call) -> Answer:
    fork = call.writable()
    branch = str(call.required("branch"))
    source = fork.parent.git.branch(branch) if fork.parent else None
    mine = fork.git.branch(branch)
    if source is None or mine is None or fork.parent is None:
        raise Refused(422, "The upstream branch could not be found.")
    kind = "none"
    if not fork.git.is_ancestor(source, mine):
        if not fork.git.is_ancestor(mine, source):
            raise Refused(409, "There are merge conflicts.")
        fork.git.move(f"refs/heads/{branch}", source, expected=mine)
        kind = "fast-forward"
        notice(call.github, call.user)
    text = "This branch is not behind the upstream" if kind == "none" else "Successfully fetched and fast-forwarded"
    base = f"{fork.parent.owner.login}:{branch}"
    return Answer(body={"message": f"{text} {base}.", "merge_type": kind, "base_branch": base})


@route("GET", "/repos/{owner}/{repo}/tags")
def list_tags(call: Call) -> Answer:
    found = call.repository()
    at = f"{call.url}/repos/{found.full_name}"
    names = [name.removeprefix("refs/tags/") for name in found.git.refs() if name.startswith("refs/tags/")]
    page, headers = call.page(names[::-1])
    shown = []
    for name in page:
        sha = found.git.resolve(name)
        shown.append(
            {
                "name": name,
                "node_id": f"REF_{name}",
                "commit": {"sha": sha, "url": f"{at}/commits/{sha}"},
                "zipball_url": f"{at}/zipball/refs/tags/{name}",
                "tarball_url": f"{at}/tarball/refs/tags/{name}",
            }
        )
    return Answer(body=shown, headers=headers)
