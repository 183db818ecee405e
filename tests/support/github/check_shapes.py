"""What automation says of a commit, in the JSON that GitHub gives it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.github import shapes
from tests.support.github.git_objects import commit_of, iso
from tests.support.github.shapes import JSON, SITE
from tests.support.github.state import Check, Pull, Repository, User

_ACTIONS = User(id=15_368, login="github", kind="Organization")


def _app(url: str) -> JSON:
    return {
        "id": 15_368,
        "slug": "github-actions",
        "node_id": "A_15368",
        "owner": shapes.user(url, _ACTIONS),
        "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions",
        "html_url": f"{SITE}/apps/github-actions",
        "created_at": iso(0),
        "updated_at": iso(0),
        "permissions": {"checks": "write", "contents": "write", "metadata": "read"},
        "events": ["check_run"],
    }


def _side(url: str, of: Repository, ref: str, sha: str) -> JSON:
    place = f"{url}/repos/{of.full_name}"
    return {"ref": ref, "sha": sha, "repo": {"id": of.id, "name": of.name, "url": place}}


def _pulls(url: str, of: Repository, sha: str) -> list[JSON]:
    """Open ones with this head, of the repository itself: GitHub names none of a fork."""

    def shown(pull: Pull) -> JSON:
        return {
            "id": pull.id,
            "number": pull.number,
            "url": f"{url}/repos/{of.full_name}/pulls/{pull.number}",
            "head": _side(url, of, pull.head_ref, pull.head_sha),
            "base": _side(url, of, pull.base_ref, pull.base_sha),
        }

    heads = [pull for pull in of.pulls.values() if pull.state == "open" and pull.head_sha == sha]
    return [shown(pull) for pull in heads if pull.head_repository is of]


def check(url: str, of: Repository, shown: Check) -> JSON:
    at = f"{url}/repos/{of.full_name}/check-runs/{shown.id}"
    site = f"{SITE}/{of.full_name}/runs/{shown.id}"
    return {
        "id": shown.id,
        "node_id": f"CR_{shown.id}",
        "name": shown.name,
        "head_sha": shown.sha,
        "external_id": "",
        "url": at,
        "html_url": site,
        "details_url": site,
        "status": shown.status,
        "conclusion": shown.conclusion or None,
        "started_at": iso(shown.at),
        "completed_at": iso(shown.at) if shown.conclusion else None,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{at}/annotations",
        },
        "check_suite": {"id": shown.suite},
        "app": _app(url),
        "pull_requests": _pulls(url, of, shown.sha),
    }


def suite(url: str, of: Repository, runs: Sequence[Check]) -> JSON:
    """The suite that the runs, oldest first, are all of."""
    last = runs[-1]
    at = f"{url}/repos/{of.full_name}/check-suites/{last.suite}"
    pulls = _pulls(url, of, last.sha)
    made = commit_of(of.git, last.sha)
    assert made is not None
    people = {
        role: {"name": who.name, "email": who.email, "date": who.date}
        for role, who in (("author", made.author), ("committer", made.committer))
    }
    return {
        "id": last.suite,
        "node_id": f"CS_{last.suite}",
        "head_branch": pulls[0]["head"]["ref"] if pulls else None,
        "head_sha": last.sha,
        "status": "completed",
        "conclusion": last.conclusion,
        "url": at,
        "before": None,
        "after": last.sha,
        "pull_requests": pulls,
        "app": _app(url),
        "created_at": iso(runs[0].at),
        "updated_at": iso(last.at),
        "latest_check_runs_count": len({run.name for run in runs}),
        "check_runs_url": f"{at}/check-runs",
        "head_commit": {
            "id": last.sha,
            "tree_id": made.tree,
            "message": made.message,
            "timestamp": made.committer.date,
            **people,
        },
    }
