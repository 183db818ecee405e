"""Pull requests, and what people left on them."""

from __future__ import annotations

from tests.support.github import acts, comparing, pull_shapes, shapes
from tests.support.github.acts import Actor
from tests.support.github.answering import Answer, Call, Refused, invalid, listed, route
from tests.support.github.following import follow
from tests.support.github.state import Comment, Pull, Repository


def full(call: Call, repository: Repository, pull: Pull, *, known: bool = True) -> dict[str, object]:
    """Its own page. `known`: GitHub has found out whether it merges."""
    base = repository.git.branch(pull.base_ref) or pull.base_sha
    mergeable = None
    if known and pull.state == "open":
        mergeable = comparing.trial_merge(repository, base, pull.head_sha) is not None
    counted = comparing.counted(repository, pull.base_sha, pull.head_sha)
    return pull_shapes.full_pull(call.url, repository, pull, counted, mergeable)


def _actor(call: Call, repository: Repository) -> Actor:
    return Actor(call.github, repository, call.user)


@route("GET", "/repos/{owner}/{repo}/pulls")
def list_pulls(call: Call) -> Answer:
    repository, query = call.repository(), call.query
    found = list(repository.pulls.values())
    if (state := query.get("state", "open")) != "all":
        found = [pull for pull in found if pull.state == state]
    if head := query.get("head"):
        owner, _, ref = head.partition(":")
        # GitHub takes a head without an owner for no filter at all.
        if ref:
            found = [pull for pull in found if _is_head(pull, owner, ref)]
    if base := query.get("base"):
        found = [pull for pull in found if pull.base_ref == base]
    by = query.get("sort", "created")
    found.sort(key=lambda pull: (pull.updated_at if by == "updated" else pull.created_at, pull.number))
    if query.get("direction", "desc") == "desc":
        found.reverse()
    return listed(call, found, lambda pull: pull_shapes.pull(call.url, repository, pull))


def _is_head(pull: Pull, owner: str, ref: str) -> bool:
    return pull.head_repository.owner.login.lower() == owner.lower() and pull.head_ref == ref


@route("POST", "/repos/{owner}/{repo}/pulls")
def create_pull(call: Call) -> Answer:
    repository, fields = call.repository(), call.fields()
    if not call.token.may_write(repository, "pull_requests"):
        raise Refused(403, "Resource not accessible by personal access token")
    head, base, title = (str(call.required(key)) for key in ("head", "base", "title"))
    if not title.strip():
        raise invalid("", resource="PullRequest", field="title", code="missing_field")
    owner, _, ref = head.rpartition(":")
    source = repository if owner.lower() in ("", repository.owner.login.lower()) else _fork(call, repository, owner)
    if source is None:
        raise invalid("", resource="PullRequest", field="head", code="invalid")
    if source is repository and not repository.pushed_by(call.user):
        raise Refused(403, "Resource not accessible by personal access token")
    pull = acts.open_pull(
        _actor(call, repository),
        source,
        ref,
        base=base,
        title=title,
        body=fields.get("body"),
        draft=bool(fields.get("draft", False)),
        modify=bool(fields.get("maintainer_can_modify", False)),
    )
    body = full(call, repository, pull, known=False)
    return Answer(status=201, body=body, headers={"Location": str(body["url"])})


def _fork(call: Call, repository: Repository, owner: str) -> Repository | None:
    for found in call.github.repositories.values():
        if found.parent is repository and found.owner.login.lower() == owner.lower():
            return found
    return None


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}")
def get_pull(call: Call) -> Answer:
    repository, pull = call.pull()
    if "diff" in call.accept:
        base = comparing.merge_base(repository, pull.base_sha, pull.head_sha) or pull.base_sha
        text = comparing.diff(repository, base, pull.head_sha)
        return Answer(body=text, content_type="application/vnd.github.diff; charset=utf-8")
    return Answer(body=full(call, repository, pull))


@route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}")
def edit_pull(call: Call) -> Answer:
    repository, pull = call.speaking()
    if pull.user is not call.user and not repository.pushed_by(call.user):
        raise Refused(403, "Resource not accessible by personal access token")
    acts.edit_pull(_actor(call, repository), pull, call.fields())
    return Answer(body=full(call, repository, pull))


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge")
def merge_pull(call: Call) -> Answer:
    call.writable()
    repository, pull = call.pull()
    follow(call.github, repository, pull, call.user)
    given = call.body or {}
    sha = acts.merge(
        _actor(call, repository),
        pull,
        method=str(given.get("merge_method", "merge")),
        title=str(given.get("commit_title", "")),
        sha=given.get("sha"),
    )
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files")
def list_files(call: Call) -> Answer:
    repository, pull = call.pull()
    start = comparing.merge_base(repository, pull.base_sha, pull.head_sha)
    found = comparing.changed_files(repository, start, pull.head_sha) if start else []
    return listed(call, found, lambda file: shapes.changed_file(call.url, repository, pull.head_sha, file))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits")
def list_commits(call: Call) -> Answer:
    repository, pull = call.pull()
    found = comparing.between(repository, pull.base_sha, pull.head_sha)
    return listed(call, found, lambda sha: shapes.commit(call.url, repository, sha))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews")
def list_reviews(call: Call) -> Answer:
    repository, pull = call.pull()
    return listed(call, pull.reviews, lambda review: pull_shapes.review(call.url, repository, pull, review))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments")
def list_line_comments(call: Call) -> Answer:
    repository, pull = call.pull()
    return listed(call, pull.line_comments, lambda said: pull_shapes.line_comment(call.url, repository, pull, said))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments")
def list_comments(call: Call) -> Answer:
    repository, pull = call.pull()
    return listed(call, pull.comments, lambda said: pull_shapes.comment(call.url, repository, pull, said))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments")
def create_comment(call: Call) -> Answer:
    repository, pull = call.speaking()
    made = acts.comment(_actor(call, repository), pull, _text(call))
    body = pull_shapes.comment(call.url, repository, pull, made)
    return Answer(status=201, body=body, headers={"Location": body["url"]})


def _text(call: Call) -> str:
    text = str(call.required("body"))
    if not text.strip():
        raise invalid("Body can't be blank", resource="IssueComment")
    if len(text) > 65_536:
        raise invalid("Body is too long (maximum is 65536 characters)", resource="IssueComment")
    return text


def _said(call: Call) -> tuple[Repository, Pull, Comment]:
    repository = call.repository()
    for pull in repository.pulls.values():
        for found in pull.comments:
            if found.id == int(call.named["comment_id"]):
                return repository, pull, found
    raise Refused(404, "Not Found")


@route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}")
def get_comment(call: Call) -> Answer:
    repository, pull, found = _said(call)
    return Answer(body=pull_shapes.comment(call.url, repository, pull, found))


@route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}")
def edit_comment(call: Call) -> Answer:
    repository, pull, found = _said(call)
    if found.user is not call.user and not call.may(repository, "pull_requests"):
        raise Refused(403, "Resource not accessible by personal access token")
    before, found.body, found.updated_at = found.body, _text(call), call.now
    pull.updated_at = call.now
    acts.commented(_actor(call, repository), pull, found, "edited", changes={"body": {"from": before}})
    return Answer(body=pull_shapes.comment(call.url, repository, pull, found))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels")
def list_labels(call: Call) -> Answer:
    repository, pull = call.pull()
    return listed(call, pull.labels, lambda label: shapes.label(call.url, repository, label))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels")
def add_labels(call: Call) -> Answer:
    repository, pull = call.speaking()
    if not call.may(repository, "pull_requests"):
        raise Refused(403, "You do not have permission to create labels on this repository.")
    given = call.body if isinstance(call.body, list) else call.required("labels")
    names = [str(name["name"] if isinstance(name, dict) else name) for name in given]
    acts.add_labels(_actor(call, repository), pull, names)
    return Answer(body=[shapes.label(call.url, repository, label) for label in pull.labels])
