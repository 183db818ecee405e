"""What the request of one step says."""

from __future__ import annotations

from services.pr_bot import rules
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import NewPull
from services.pr_bot.upstream.catalogue import FileChange, Held
from shared import document, upstream_layout


class Texts:
    """Title and body, made the same for the same base and revision."""

    def __init__(self, *, commits: Commits, public_url: str) -> None:
        self._commits = commits
        self._public_url = public_url

    def of(self, work: Work, change: FileChange, held: Held | None, *, base_sha: str, branch: str) -> NewPull:
        """The request that carries `change` on `base_sha`."""
        desired = work.desired
        removal = desired.wanted == "removed"
        before, after = held.document if held else "", "" if removal else desired.document
        kind: upstream_layout.Change = "remove" if removal else "update" if held else "add"
        account = rules.Account(
            model=work.model,
            model_type=desired.type,
            revision=desired.revision,
            submitter=self._commits.public_name(desired.submitter),
            message=desired.message,
            is_published=desired.is_published or removal,
            page_url=f"{self._public_url}/models/detail/{work.model}",
            branch=branch,
            changes=() if removal else document.diff_by_field(before or None, after),
            proof=rules.Proof(
                path=change.path, base_sha=base_sha, before=change.before or "", after=change.after or ""
            ),
            kind=kind,
        )
        return NewPull(
            branch=branch,
            title=rules.title_of(upstream_layout.title(kind, work.model)),
            body=rules.body_of(account),
            draft=not (desired.is_published or removal),
        )
