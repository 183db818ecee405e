"""Pull requests and what is said and checked on them, in the JSON that GitHub gives them."""

from __future__ import annotations

from typing import Any

from tests.support.github import shapes
from tests.support.github.git_objects import iso
from tests.support.github.shapes import JSON, SITE
from tests.support.github.state import Comment, LineComment, Pull, Release, Repository, Review, User

_NOBODY: JSON = {"milestone": None, "assignee": None, "assignees": [], "active_lock_reason": None}


def _association(of: Repository, who: User) -> str:
    if who is of.owner:
        return "OWNER"
    return "COLLABORATOR" if of.pushed_by(who) else "NONE"


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def _side(url: str, of: Repository, ref: str, sha: str) -> JSON:
    return {
        "label": f"{of.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": shapes.user(url, of.owner),
        "repo": shapes.repository(url, of),
    }


def _links(at: str, site: str, shown: Pull) -> dict[str, str]:
    own, issue = f"{at}/pulls/{shown.number}", f"{at}/issues/{shown.number}"
    return {
        "self": own,
        "html": site,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{own}/comments",
        "review_comment": f"{at}/pulls/comments{{/number}}",
        "commits": f"{own}/commits",
        "statuses": f"{at}/statuses/{shown.head_sha}",
    }


def pull(url: str, of: Repository, shown: Pull) -> JSON:
    """As lists have it."""
    at, site = f"{url}/repos/{of.full_name}", f"{SITE}/{of.full_name}/pull/{shown.number}"
    links = _links(at, site, shown)
    return {
        "url": links["self"],
        "id": shown.id,
        "node_id": shown.node_id,
        "html_url": site,
        "diff_url": f"{site}.diff",
        "patch_url": f"{site}.patch",
        "issue_url": links["issue"],
        **{f"{name}_url": links[name] for name in ("comments", "review_comments", "review_comment", "commits")},
        "statuses_url": links["statuses"],
        "number": shown.number,
        "state": shown.state,
        "locked": False,
        "title": shown.title,
        "user": shapes.user(url, shown.user),
        "body": shown.body,
        "labels": [shapes.label(url, of, found) for found in shown.labels],
        **_NOBODY,
        "requested_reviewers": [],
        "requested_teams": [],
        "created_at": iso(shown.created_at),
        "updated_at": iso(shown.updated_at),
        "closed_at": _when(shown.closed_at),
        "merged_at": _when(shown.merged_at),
        "merge_commit_sha": shown.merge_commit or of.mergeable.get((shown.base_sha, shown.head_sha)),
        "head": _side(url, shown.head_repository, shown.head_ref, shown.head_sha),
        "base": _side(url, of, shown.base_ref, shown.base_sha),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": _association(of, shown.user),
        "auto_merge": None,
        "draft": shown.draft,
    }


def full_pull(url: str, of: Repository, shown: Pull, counted: JSON, mergeable: bool | None) -> JSON:
    """As its own page has it; `counted` holds commits, changed_files, additions and deletions."""
    state = "unknown" if mergeable is None else "draft" if shown.draft else "clean" if mergeable else "dirty"
    return pull(url, of, shown) | {
        "merged": shown.merged,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": shapes.user(url, shown.merged_by) if shown.merged_by else None,
        "comments": len(shown.comments),
        "review_comments": len(shown.line_comments),
        "maintainer_can_modify": shown.maintainer_can_modify,
        **counted,
    }


def _reactions(at: str) -> JSON:
    kinds = ("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{at}/reactions", **dict.fromkeys(kinds, 0)}


def comment(url: str, of: Repository, on: Pull, shown: Comment) -> JSON:
    at = f"{url}/repos/{of.full_name}/issues"
    return {
        "id": shown.id,
        "node_id": f"IC_{shown.id}",
        "url": f"{at}/comments/{shown.id}",
        "html_url": f"{SITE}/{of.full_name}/pull/{on.number}#issuecomment-{shown.id}",
        "issue_url": f"{at}/{on.number}",
        "user": shapes.user(url, shown.user),
        "body": shown.body,
        "author_association": _association(of, shown.user),
        "created_at": iso(shown.created_at),
        "updated_at": iso(shown.updated_at),
        "performed_via_github_app": None,
        "reactions": _reactions(f"{at}/comments/{shown.id}"),
    }


def review(url: str, of: Repository, on: Pull, shown: Review) -> JSON:
    html = f"{SITE}/{of.full_name}/pull/{on.number}#pullrequestreview-{shown.id}"
    pulled = f"{url}/repos/{of.full_name}/pulls/{on.number}"
    return {
        "id": shown.id,
        "node_id": f"PRR_{shown.id}",
        "user": shapes.user(url, shown.user),
        "body": shown.body,
        "state": shown.state,
        "html_url": html,
        "pull_request_url": pulled,
        "_links": {"html": {"href": html}, "pull_request": {"href": pulled}},
        "submitted_at": iso(shown.at),
        "commit_id": shown.commit,
        "author_association": _association(of, shown.user),
    }


def line_comment(url: str, of: Repository, on: Pull, shown: LineComment) -> JSON:
    at = f"{url}/repos/{of.full_name}/pulls"
    html = f"{SITE}/{of.full_name}/pull/{on.number}#discussion_r{shown.id}"
    links = {"self": f"{at}/comments/{shown.id}", "html": html, "pull_request": f"{at}/{on.number}"}
    return {
        "id": shown.id,
        "node_id": f"PRRC_{shown.id}",
        "url": links["self"],
        "html_url": html,
        "pull_request_url": links["pull_request"],
        "pull_request_review_id": shown.review,
        "diff_hunk": shown.hunk,
        "path": shown.path,
        "position": 1,
        "original_position": 1,
        "line": shown.line,
        "original_line": shown.line,
        **dict.fromkeys(("start_line", "original_start_line", "start_side")),
        "reactions": _reactions(links["self"]),
        "side": "RIGHT",
        "commit_id": shown.commit,
        "original_commit_id": shown.commit,
        "user": shapes.user(url, shown.user),
        "body": shown.body,
        "created_at": iso(shown.created_at),
        "updated_at": iso(shown.created_at),
        "author_association": _association(of, shown.user),
        "_links": {name: {"href": href} for name, href in links.items()},
    }


def release(url: str, of: Repository, shown: Release) -> JSON:
    at = f"{url}/repos/{of.full_name}"
    found: dict[str, Any] = {
        "id": shown.id,
        "node_id": f"RE_{shown.id}",
        "url": f"{at}/releases/{shown.id}",
        "html_url": f"{SITE}/{of.full_name}/releases/tag/{shown.tag}",
        "assets_url": f"{at}/releases/{shown.id}/assets",
        "upload_url": f"{at}/releases/{shown.id}/assets{{?name,label}}",
        "tarball_url": f"{at}/tarball/{shown.tag}",
        "zipball_url": f"{at}/zipball/{shown.tag}",
        "tag_name": shown.tag,
        "target_commitish": shown.target,
        "name": shown.tag,
        "body": shown.body,
        "draft": False,
        "prerelease": False,
        "immutable": False,
        "author": shapes.user(url, shown.author),
        "created_at": iso(shown.created_at),
        "published_at": iso(shown.created_at),
        "updated_at": iso(shown.created_at),
        "assets": [],
    }
    return found


def issue(url: str, of: Repository, shown: Pull) -> JSON:
    """A pull request as the issue that it also is."""
    at, site = f"{url}/repos/{of.full_name}/issues/{shown.number}", f"{SITE}/{of.full_name}/pull/{shown.number}"
    return {
        "id": shown.id + 1_000_000,
        "node_id": f"I_{shown.id}",
        "url": at,
        "repository_url": f"{url}/repos/{of.full_name}",
        "labels_url": f"{at}/labels{{/name}}",
        "comments_url": f"{at}/comments",
        "events_url": f"{at}/events",
        "timeline_url": f"{at}/timeline",
        "html_url": site,
        "number": shown.number,
        "title": shown.title,
        "user": shapes.user(url, shown.user),
        "labels": [shapes.label(url, of, found) for found in shown.labels],
        "state": shown.state,
        "state_reason": None,
        "locked": False,
        **_NOBODY,
        "comments": len(shown.comments),
        "created_at": iso(shown.created_at),
        "updated_at": iso(shown.updated_at),
        "closed_at": _when(shown.closed_at),
        "author_association": _association(of, shown.user),
        "draft": shown.draft,
        "body": shown.body,
        "performed_via_github_app": None,
        "reactions": _reactions(at),
        "pull_request": {
            "url": f"{url}/repos/{of.full_name}/pulls/{shown.number}",
            "html_url": site,
            "diff_url": f"{site}.diff",
            "patch_url": f"{site}.patch",
            "merged_at": _when(shown.merged_at),
        },
    }
