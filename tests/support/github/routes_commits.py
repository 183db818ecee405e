"""Files, commits, comparisons, and what automation says of a commit."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from tests.support.github import check_shapes, comparing, pull_shapes, shapes
from tests.support.github.answering import Answer, Call, Refused, listed, not_found, route
from tests.support.github.git_objects import Entry, commit_of, find, tree_entries
from tests.support.github.shapes import SITE
from tests.support.github.state import Check, Repository

_SHOWN = 1024 * 1024


@route("GET", "/repos/{owner}/{repo}/contents")
@route("GET", "/repos/{owner}/{repo}/contents/")
@route("GET", "/repos/{owner}/{repo}/contents/{path}")
def get_contents(call: Call) -> Answer:
    repository, path = call.repository(), call.named.get("path", "").strip("/")
    sha = repository.git.resolve(call.query.get("ref", "main"))
    commit = commit_of(repository.git, sha) if sha else None
    if commit is None:
        raise Refused(404, f"No commit found for the ref {call.query.get('ref', 'main')}")
    entry = find(repository.git, commit.tree, path)
    if entry is None:
        not_found()
    if entry.kind == "tree":
        below = tree_entries(repository.git, entry.sha)
        return Answer(
            body=[_content(call, repository, f"{path}/{name}".strip("/"), found) for name, found in below.items()]
        )
    found = repository.git.read(entry.sha)
    content = found[1] if found else b""
    body = _content(call, repository, path, entry)
    if len(content) > _SHOWN:
        return Answer(body=body | {"content": "", "encoding": "none"})
    return Answer(body=body | {"content": base64.encodebytes(content).decode(), "encoding": "base64"})


def _content(call: Call, of: Repository, path: str, entry: Entry) -> dict[str, Any]:
    at, ref, place = f"{call.url}/repos/{of.full_name}", call.query.get("ref", "main"), quote(path)
    folder = entry.kind == "tree"
    found = None if folder else of.git.read(entry.sha)
    git = f"{at}/git/{'trees' if folder else 'blobs'}/{entry.sha}"
    links = {"self": f"{at}/contents/{place}?ref={quote(ref)}", "git": git, "html": f"{SITE}/{of.full_name}/{place}"}
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": len(found[1]) if found else 0,
        "url": links["self"],
        "html_url": links["html"],
        "git_url": git,
        "download_url": None if folder else f"{SITE}/{of.full_name}/raw/{place}",
        "type": "dir" if folder else "file",
        "_links": links,
    }


@route("GET", "/repos/{owner}/{repo}/commits")
def list_commits(call: Call) -> Answer:
    repository, query = call.repository(), call.query
    start = repository.git.resolve(query.get("sha", "main"))
    if start is None:
        not_found()
    options = [f"--{key}={query[key]}" for key in ("since", "until", "author") if key in query]
    paths = ["--", query["path"]] if "path" in query else []
    found = repository.git.lines("rev-list", *options, start, *paths)
    return listed(call, found, lambda sha: shapes.commit(call.url, repository, sha))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}")
def get_commit(call: Call) -> Answer:
    repository, sha = _named(call)
    if "sha" in call.accept:
        return Answer(body=sha, content_type="application/vnd.github.sha; charset=utf-8")
    commit = commit_of(repository.git, sha)
    assert commit is not None
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    before = commit.parents[0] if commit.parents else empty
    if "diff" in call.accept:
        return _diff(comparing.diff(repository, before, sha))
    files = comparing.changed_files(repository, before, sha)
    counts = {key: sum(file[key] for file in files) for key in ("additions", "deletions")}
    page, headers = call.page(files)
    body = shapes.commit(call.url, repository, sha) | {
        "stats": counts | {"total": sum(counts.values())},
        "files": [shapes.changed_file(call.url, repository, sha, file) for file in page],
    }
    return Answer(body=body, headers=headers)


def _named(call: Call) -> tuple[Repository, str]:
    repository = call.repository()
    sha = repository.git.resolve(call.named["ref"])
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {call.named['ref']}")
    return repository, sha


def _diff(text: str) -> Answer:
    return Answer(body=text, content_type="application/vnd.github.diff; charset=utf-8")


@route("GET", "/repos/{owner}/{repo}/compare/{basehead}")
def compare(call: Call) -> Answer:
    repository = call.repository()
    names = call.named["basehead"].split("...")
    ends = [repository.git.resolve(name.rpartition(":")[2]) for name in names]
    if len(ends) != 2 or None in ends:
        not_found()
    base, head = str(ends[0]), str(ends[1])
    start = comparing.merge_base(repository, base, head)
    if start is None:
        raise Refused(404, f"No common ancestor between {names[0]} and {names[1]}.")
    if "diff" in call.accept:
        return _diff(comparing.diff(repository, start, head))
    ahead, behind = comparing.between(repository, base, head), comparing.between(repository, head, base)
    state = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    commits, headers = call.page(ahead)
    site = f"{SITE}/{repository.full_name}/compare/{names[0]}...{names[1]}"
    body = {
        "url": f"{call.url}/repos/{repository.full_name}/compare/{names[0]}...{names[1]}",
        "html_url": site,
        "permalink_url": site,
        "diff_url": f"{site}.diff",
        "patch_url": f"{site}.patch",
        "base_commit": shapes.commit(call.url, repository, base),
        "merge_base_commit": shapes.commit(call.url, repository, start),
        "status": state,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [shapes.commit(call.url, repository, sha) for sha in commits],
        # GitHub compares at most 300 files, all on the first page.
        "files": [
            shapes.changed_file(call.url, repository, head, file)
            for file in comparing.changed_files(repository, start, head)[:300]
            if call.query.get("page", "1") == "1"
        ],
    }
    return Answer(body=body, headers=headers)


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs")
def list_checks(call: Call) -> Answer:
    repository, sha = _named(call)
    found = [check for check in repository.checks if check.sha == sha]
    if call.query.get("filter", "latest") == "latest":
        newest: dict[str, Check] = {check.name: check for check in found}
        found = list(newest.values())
    page, headers = call.page(found)
    shown = [check_shapes.check(call.url, repository, check) for check in page]
    return Answer(body={"total_count": len(found), "check_runs": shown}, headers=headers)


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/status")
def combined_status(call: Call) -> Answer:
    repository, sha = _named(call)
    newest = {found.context: found for found in repository.statuses if found.sha == sha}
    states = {found.state for found in newest.values()}
    # GitHub says pending where there is nothing yet.
    state = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    at = f"{call.url}/repos/{repository.full_name}/commits/{sha}"
    page, headers = call.page(list(newest.values()))
    body = {
        "state": state,
        "statuses": [shapes.status(call.url, repository, found) for found in page],
        "sha": sha,
        "total_count": len(newest),
        "repository": shapes.repository(call.url, repository),
        "commit_url": at,
        "url": f"{at}/status",
    }
    return Answer(body=body, headers=headers)


@route("GET", "/repos/{owner}/{repo}/releases")
def list_releases(call: Call) -> Answer:
    repository = call.repository()
    newest = repository.releases[::-1]
    return listed(call, newest, lambda release: pull_shapes.release(call.url, repository, release))
