"""What the request of one step says."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from services.pr_bot import rules
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.work import Load
from services.pr_bot.upstream import NewPull
from shared import document, upstream_layout
from shared.contracts.registry import DesiredState


class Texts:
    """Title and body, made the same for the same base and revisions."""

    def __init__(self, *, commits: Commits, public_url: str) -> None:
        self._commits = commits
        self._public_url = public_url

    def of(self, loads: Sequence[Load], *, base_sha: str, head: str, branch: str, fetch_from: str) -> NewPull:
        """The request whose one commit `head` makes the changes of `loads` on `base_sha`; raises ForeignBytes."""
        kinds = [kind_of(load) for load in loads]
        accounts = []
        for load, kind in zip(loads, kinds, strict=True):
            proof = rules.Proof(
                model=load.desired.name,
                path=load.change.path,
                base_sha=base_sha,
                head_sha=head,
                fetch_from=fetch_from,
                before=load.change.before or "",
                after=load.change.after or "",
            )
            accounts.append(self._account(load, kind, proof))
        names = [(kind, load.desired.name) for kind, load in zip(kinds, loads, strict=True)]
        title = upstream_layout.title(*names[0]) if len(names) == 1 else upstream_layout.batch_title(names)
        return NewPull(
            branch=branch,
            title=rules.title_of(title),
            body=rules.body_of(accounts[0]) if len(accounts) == 1 else rules.batch_body_of(accounts),
            draft=not all(account.is_published for account in accounts),
        )

    def _account(self, load: Load, kind: upstream_layout.Change, proof: rules.Proof) -> rules.Account:
        desired, held = load.desired, load.held
        before, after = held.document if held else "", "" if load.is_removal else desired.document
        return rules.Account(
            model=desired.name,
            model_type=desired.type,
            revision=desired.revision,
            submitter=self._commits.public_name(desired.submitter),
            message=desired.message,
            is_published=desired.is_published or load.is_removal,
            page_url=self._page(desired, removal=load.is_removal),
            changes=() if load.is_removal else document.diff_by_field(before or None, after),
            proof=proof,
            kind=kind,
            reviewer=self._commits.public_name(desired.reviewer) if desired.reviewer else "",
            is_rejected=bool(desired.rejected_revision),
            warnings=desired.warnings,
            reason=desired.reason,
        )

    def _page(self, desired: DesiredState, *, removal: bool) -> str:
        page = f"{self._public_url}/models/detail/{quote(desired.name, safe='')}"
        return page if removal else f"{page}/revisions/{desired.revision}"


def kind_of(load: Load) -> upstream_layout.Change:
    return "remove" if load.is_removal else "update" if load.held else "add"


def title_to_keep(title: str, loads: Sequence[Load], *, is_batch: bool) -> str:
    """The title where a person wrote it, empty where it is one of the hub's own for the models.

    Those that travel change, and with them the title: any in the hub's form is taken for its own there.
    """
    if is_batch:
        return "" if upstream_layout.is_title(title) else title
    kinds: tuple[upstream_layout.Change, ...] = ("add", "update", "remove")
    name = loads[0].desired.name
    return "" if title in {rules.title_of(upstream_layout.title(kind, name)) for kind in kinds} else title
