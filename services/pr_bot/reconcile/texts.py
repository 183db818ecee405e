"""What the request of one step says."""

from __future__ import annotations

from urllib.parse import quote

from services.pr_bot import rules
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import NewPull
from services.pr_bot.upstream.catalogue import FileChange, Held
from shared import document, upstream_layout
from shared.contracts.registry import DesiredState


class Texts:
    """Title and body, made the same for the same base and revision."""

    def __init__(self, *, commits: Commits, public_url: str) -> None:
        self._commits = commits
        self._public_url = public_url

    def of(
        self, work: Work, change: FileChange, held: Held | None, *, base_sha: str, head: str, branch: str
    ) -> NewPull:
        """The request whose one commit `head` makes `change` on `base_sha`; raises ForeignBytes."""
        desired = work.desired
        removal = desired.wanted == "removed"
        before, after = held.document if held else "", "" if removal else desired.document
        kind: upstream_layout.Change = "remove" if removal else "update" if held else "add"
        proof = rules.Proof(
            model=work.model,
            path=change.path,
            base_sha=base_sha,
            head_sha=head,
            fetch_from=work.upstream.fetch_from,
            before=change.before or "",
            after=change.after or "",
        )
        account = rules.Account(
            model=work.model,
            model_type=desired.type,
            revision=desired.revision,
            submitter=self._commits.public_name(desired.submitter),
            message=desired.message,
            is_published=desired.is_published or removal,
            page_url=self._page(desired, removal=removal),
            changes=() if removal else document.diff_by_field(before or None, after),
            proof=proof,
            kind=kind,
            reviewer=self._commits.public_name(desired.reviewer) if desired.reviewer else "",
            is_rejected=bool(desired.rejected_revision),
            warnings=desired.warnings,
            reason=desired.reason,
        )
        return NewPull(
            branch=branch,
            title=rules.title_of(upstream_layout.title(kind, work.model)),
            body=rules.body_of(account),
            draft=not (desired.is_published or removal),
        )

    def _page(self, desired: DesiredState, *, removal: bool) -> str:
        page = f"{self._public_url}/models/detail/{quote(desired.name, safe='')}"
        return page if removal else f"{page}/revisions/{desired.revision}"


def title_to_keep(title: str, model: str) -> str:
    """The title where a person wrote it, empty where it is one of the hub's own for the model."""
    kinds: tuple[upstream_layout.Change, ...] = ("add", "update", "remove")
    return "" if title in {rules.title_of(upstream_layout.title(kind, model)) for kind in kinds} else title
