"""People, repositories, references and commits in the JSON that GitHub gives them."""

from __future__ import annotations

from typing import Any

from tests.support.github.git_objects import CommitObject, Entry, Signature, commit_of, iso
from tests.support.github.state import Label, Repository, Status, User

JSON = dict[str, Any]
SITE = "https://github.com"
UNVERIFIED: JSON = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}
_BELOW = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def user(url: str, who: User) -> JSON:
    at = f"{url}/users/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": f"U_{who.id}",
        "avatar_url": f"{SITE}/avatars/{who.id}",
        "gravatar_id": "",
        "url": at,
        "html_url": f"{SITE}/{who.login}",
        "followers_url": f"{at}/followers",
        "following_url": f"{at}/following{{/other_user}}",
        "gists_url": f"{at}/gists{{/gist_id}}",
        "starred_url": f"{at}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{at}/subscriptions",
        "organizations_url": f"{at}/orgs",
        "repos_url": f"{at}/repos",
        "events_url": f"{at}/events{{/privacy}}",
        "received_events_url": f"{at}/received_events",
        "type": who.kind,
        "site_admin": False,
        "user_view_type": "public",
    }


def own_user(url: str, who: User) -> JSON:
    """What a token's own user sees of itself."""
    empty = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return user(url, who) | empty | counts | {"created_at": iso(0), "updated_at": iso(0)}


def repository(url: str, shown: Repository) -> JSON:
    """As it stands in other things: without what only its own page tells."""
    at, site = f"{url}/repos/{shown.full_name}", f"{SITE}/{shown.full_name}"
    pulls = sum(pull.state == "open" for pull in shown.pulls.values())
    return {
        "id": shown.id,
        "node_id": f"R_{shown.id}",
        "name": shown.name,
        "full_name": shown.full_name,
        "private": shown.private,
        "owner": user(url, shown.owner),
        "html_url": site,
        "description": None,
        "fork": shown.parent is not None,
        "url": at,
        **{name: at + below for name, below in _BELOW.items()},
        "git_url": f"git://github.com/{shown.full_name}.git",
        "ssh_url": f"git@github.com:{shown.full_name}.git",
        "clone_url": f"{site}.git",
        "svn_url": site,
        "homepage": None,
        "mirror_url": None,
        "language": None,
        **dict.fromkeys(("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size"), 0),
        "open_issues": pulls,
        "open_issues_count": pulls,
        "default_branch": "main",
        "visibility": "private" if shown.private else "public",
        **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "archived", "disabled", "is_template"), False),
        "license": None,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "topics": [],
        **dict.fromkeys(("pushed_at", "created_at", "updated_at"), iso(shown.created_at)),
    }


def full_repository(url: str, shown: Repository, *, push: bool) -> JSON:
    found = repository(url, shown) | {
        "network_count": 0,
        "subscribers_count": 0,
        "permissions": {"admin": False, "maintain": False, "push": push, "triage": push, "pull": True},
    }
    if shown.parent is not None:
        found |= {"parent": repository(url, shown.parent), "source": repository(url, shown.parent)}
    return found


def reference(url: str, of: Repository, name: str, sha: str) -> JSON:
    kind = of.git.kind(sha) or "commit"
    return {
        "ref": name,
        "node_id": f"REF_{name}",
        "url": f"{url}/repos/{of.full_name}/git/{name}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/repos/{of.full_name}/git/{kind}s/{sha}"},
    }


def _signed(who: Signature) -> JSON:
    return {"name": who.name, "email": who.email, "date": who.date}


def git_commit(url: str, of: Repository, made: CommitObject) -> JSON:
    at = f"{url}/repos/{of.full_name}/git"
    site = f"{SITE}/{of.full_name}/commit"
    return {
        "sha": made.sha,
        "node_id": f"C_{made.sha}",
        "url": f"{at}/commits/{made.sha}",
        "html_url": f"{site}/{made.sha}",
        "author": _signed(made.author),
        "committer": _signed(made.committer),
        "tree": {"sha": made.tree, "url": f"{at}/trees/{made.tree}"},
        "message": made.message,
        "parents": [{"sha": sha, "url": f"{at}/commits/{sha}", "html_url": f"{site}/{sha}"} for sha in made.parents],
        "verification": dict(UNVERIFIED),
    }


def commit(url: str, of: Repository, sha: str) -> JSON:
    """As the commits' pages have it; GitHub knows the author where the address is a user's."""
    made = commit_of(of.git, sha)
    assert made is not None, sha
    at = f"{url}/repos/{of.full_name}/commits"
    inner = git_commit(url, of, made)
    return {
        "sha": sha,
        "node_id": inner["node_id"],
        "commit": {key: inner[key] for key in ("author", "committer", "message", "tree", "url", "verification")}
        | {"comment_count": 0},
        "url": f"{at}/{sha}",
        "html_url": inner["html_url"],
        "comments_url": f"{at}/{sha}/comments",
        "author": None,
        "committer": None,
        "parents": [
            {"sha": parent, "url": f"{at}/{parent}", "html_url": f"{SITE}/{of.full_name}/commit/{parent}"}
            for parent in made.parents
        ],
    }


def changed_file(url: str, of: Repository, sha: str, found: JSON) -> JSON:
    """`found` holds filename, status, additions, deletions, sha and, for text, patch."""
    name = found["filename"]
    return found | {
        "changes": found["additions"] + found["deletions"],
        "blob_url": f"{SITE}/{of.full_name}/blob/{sha}/{name}",
        "raw_url": f"{SITE}/{of.full_name}/raw/{sha}/{name}",
        "contents_url": f"{url}/repos/{of.full_name}/contents/{name}?ref={sha}",
    }


def tree_entry(url: str, of: Repository, path: str, entry: Entry) -> JSON:
    shown: JSON = {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
    if entry.kind == "blob":
        found = of.git.read(entry.sha)
        shown["size"] = len(found[1]) if found else 0
    if entry.kind != "commit":
        shown["url"] = f"{url}/repos/{of.full_name}/git/{entry.kind}s/{entry.sha}"
    return shown


def label(url: str, of: Repository, shown: Label) -> JSON:
    return {
        "id": shown.id,
        "node_id": f"LA_{shown.id}",
        "url": f"{url}/repos/{of.full_name}/labels/{shown.name}",
        "name": shown.name,
        "color": shown.color,
        "default": False,
        "description": "",
    }


def status(url: str, of: Repository, shown: Status) -> JSON:
    return {
        "id": shown.id,
        "node_id": f"SC_{shown.id}",
        "url": f"{url}/repos/{of.full_name}/statuses/{shown.sha}",
        "avatar_url": f"{SITE}/avatars/1",
        "state": shown.state,
        "description": None,
        "target_url": f"{SITE}/{of.full_name}/actions",
        "context": shown.context,
        "created_at": iso(shown.at),
        "updated_at": iso(shown.at),
    }
