"""A history in which every kind of event occurs, with models in every state that a page can show."""

from __future__ import annotations

from shared.events import identity, pr_bot, registry, review
from tests.support.histories import History, llm_document, pull_request, sha256

MODELS = (
    *("pub", "pending", "fresh", "drafted", "secret", "shared", "widened", "narrowed", "refused"),
    *("old", "gone", "bad", "taken-back", "twice", "imported", "moved", "clash", "blocked", "nowhere"),
)


def write(history: History) -> None:
    """Appends all of it, in an order in which the services could have."""
    _accounts(history)
    _public(history)
    _restricted(history)
    _ended(history)
    _upstream(history)


def _accounts(history: History) -> None:
    history.add(identity.UserRegistered(user_id="ann", roles=("user",)), actor="ann")
    history.add(identity.RoleRequested(user_id="ann", role="maintainer", reason="models"), actor="ann")
    history.add(identity.RoleGranted(user_id="ann", role="maintainer"), actor="olga")
    history.add(identity.GroupChanged(group_id="g1", name="Lab", added=("mia",), removed=()), actor="olga")
    history.add(identity.TokenIssued(user_id="ann", token_id="t1", scope="write", expires_at=0), actor="ann")
    history.add(identity.SignInFailed(user_id="sid"), actor="")


def _public(history: History) -> None:
    history.publish("pub")
    history.add(pr_bot.PullRequestQueued(model_name="pub", revision=1))
    history.open_pull_request("pub")
    history.add(pr_bot.PullRequestReady(**pull_request("pub", draft=False, revision=1, number=1)))
    history.add(checked("pub", "pending"))
    history.add(remarked("pub", "Why?"))
    history.add(checked("pub", "failure"))
    history.add(remarked("pub", "Why now?"))
    history.add(registry.FeaturedChanged(model_name="pub", featured=True, reason="good"), actor="olga")
    history.publish("pending")
    submitted = history.submit("pending", 2, document=llm_document("pending", size=72))
    history.add(review.ReviewClaimed(model_name="pending", revision=2, reviewer="rex"), actor="rex")
    comment = review.ReviewCommented(model_name="pending", revision=2, author="rex", text="Why 72?", line=3)
    history.add(comment, actor="rex")
    history.open_pull_request("pending", revision=2, number=2)
    assert submitted.event.revision == 2
    history.submit("fresh")
    history.open_pull_request("fresh", number=3)
    history.draft("drafted")
    history.draft("drafted", message="again")


def _restricted(history: History) -> None:
    history.publish("secret", visibility="private")
    skipped = pr_bot.PullRequestSkipped(model_name="secret", revision=1, state="none", reason="private")
    history.add(skipped)
    history.publish("shared", visibility="enterprise")
    history.add(registry.GroupsChanged(model_name="shared", added=("g1",), removed=(), reason="lab"), actor="ann")
    history.publish("widened", visibility="private", readme="# private words")
    history.publish("widened", 2)
    history.publish("narrowed")
    narrowed = registry.VisibilityNarrowed(model_name="narrowed", before="public", visibility="private", reason="oops")
    history.add(narrowed, actor="ann")
    history.reject(history.submit("refused"), "not yet")


def _ended(history: History) -> None:
    history.publish("old")
    history.add(registry.ModelDeprecated(model_name="old", reason="newer", replacement="pub"), actor="ann")
    history.publish("gone")
    history.open_pull_request("gone", draft=False, number=4)
    history.add(registry.ModelArchived(model_name="gone", reason="obsolete"), actor="ann")
    history.publish("bad")
    history.add(registry.ModelQuarantined(model_name="bad", reason="reported"), actor="olga")
    history.submit("taken-back")
    history.add(registry.RevisionWithdrawn(model_name="taken-back", revision=1, reason="mistake"), actor="ann")
    history.add(review.ReviewWithdrawn(model_name="taken-back", revision=1, reason="mistake"))
    closed = pr_bot.PullRequestClosed(model_name="taken-back", number=5, by="hub", state="closed", reason="withdrawn")
    history.add(closed)
    first = history.submit("twice")
    history.submit("twice", 2)
    history.add(review.ReviewSuperseded(model_name="twice", revision=1, by_revision=2))
    late = review.Approved(
        model_name="twice",
        revision=1,
        document_sha256=first.event.document_sha256,
        visibility="public",
        reviewer="rex",
        feedback="late",
    )
    history.add(late, actor="rex")
    history.add(registry.PublicationSkipped(model_name="twice", revision=1, reason="superseded"))


def _upstream(history: History) -> None:
    history.import_model("imported", order=0)
    history.add(registry.SeenUpstream(model_name="imported", revision=1, origin="abc"))
    document = llm_document("imported")
    changed = pr_bot.UpstreamChanged(
        model_name="imported",
        model_type="llm",
        document=document,
        document_sha256=sha256(document),
        path="llm_family.json",
        commit="abc",
        order=0,
    )
    history.add(changed)
    history.import_model("moved", order=1)
    history.add(registry.OwnersChanged(model_name="moved", added=("ann",), removed=(), reason="asked"), actor="olga")
    history.add(registry.RemovedUpstream(model_name="moved", origin="def"))
    history.publish("clash")
    history.submit("clash", 2)
    history.import_model("clash", revision=3, superseded=2, order=2)
    history.add(registry.MergeConflicted(model_name="clash", revision=2, against=3, paths=("/context_length",)))
    paused = pr_bot.PullRequestPaused(model_name="clash", revision=2, state="conflicted", reason="both changed it")
    history.add(paused)
    history.submit("blocked")
    blocked = registry.ImportBlocked(model_name="blocked", origin="ghi", reason="held by a draft", document=document)
    history.add(blocked)
    failed = pr_bot.PullRequestFailed(model_name="blocked", revision=1, reason="no network", attempts=2, next_try_at=9)
    history.add(failed)
    history.add(pr_bot.PullRequestMerged(model_name="pub", number=1, merge_sha="d" * 40, revision=1))
    capped = pr_bot.PullRequestsControlled(paused=False, most_open=5, most_per_hour=0, reason="slowly")
    history.add(capped, actor="olga", stream="pullrequests")
    history.add(pr_bot.ReleasedUpstream(model_name="pub", number=1, merge_sha="d" * 40, release="v9.1.0"))


def checked(name: str, state: str) -> pr_bot.PullRequestChecked:
    result = pr_bot.CheckResult(name="docs", state=state, url="https://ci.test/1")
    return pr_bot.PullRequestChecked(model_name=name, number=1, head_sha="c" * 40, state=state, checks=(result,))


def remarked(name: str, text: str) -> pr_bot.PullRequestRemarked:
    return pr_bot.PullRequestRemarked(
        model_name=name,
        number=1,
        remark_id="comment-1",
        kind="comment",
        author="qinxuye",
        text=text,
        url="https://forge.test/1",
        at=1_790_000_000,
    )
