from __future__ import annotations

import pytest

from services.catalog.domain import ANYONE, Access, Viewer, may_see, may_see_revision, next_step

ANN = Viewer(user_id="ann", roles=frozenset({"user", "maintainer"}))
REX = Viewer(user_id="rex", roles=frozenset({"user", "reviewer"}))
MIA = Viewer(user_id="mia", roles=frozenset({"user"}), groups=frozenset({"g1"}))
OLGA = Viewer(user_id="olga", roles=frozenset({"operator"}))


def access(audience: str, *, submitted: bool = True) -> Access:
    return Access(audience=audience, owners=("ann",), groups=("g1",), ever_submitted=submitted)


@pytest.mark.parametrize(
    ("audience", "submitted", "seen_by"),
    [
        ("public", True, {"anyone", "ann", "rex", "mia", "olga"}),
        ("enterprise", True, {"ann", "rex", "mia", "olga"}),
        ("private", True, {"ann", "rex", "olga"}),
        ("private", False, {"ann", "olga"}),
    ],
)
def test_audience_decides_who_sees_a_model(audience: str, submitted: bool, seen_by: set[str]) -> None:
    viewers = {"anyone": ANYONE, "ann": ANN, "rex": REX, "mia": MIA, "olga": OLGA}
    found = {name for name, viewer in viewers.items() if may_see(access(audience, submitted=submitted), viewer)}
    assert found == seen_by


def test_an_owner_without_a_name_is_nobody() -> None:
    assert not may_see(Access(audience="private", owners=("",)), ANYONE)


def test_earlier_private_revision_of_a_public_model_stays_private() -> None:
    public = access("public")
    assert not may_see_revision(public, ANYONE, audience="", submitted=True)
    assert not may_see_revision(public, MIA, audience="", submitted=True)
    assert may_see_revision(public, ANN, audience="", submitted=False)
    assert may_see_revision(public, REX, audience="", submitted=True)


def test_reviewer_sees_no_draft() -> None:
    assert not may_see_revision(access("public"), REX, audience="", submitted=False)


def test_enterprise_revision_of_a_public_model_is_for_the_groups() -> None:
    public = access("public")
    assert may_see_revision(public, MIA, audience="enterprise", submitted=True)
    assert not may_see_revision(public, ANYONE, audience="enterprise", submitted=True)


def test_public_revision_of_a_narrowed_model_is_hidden() -> None:
    assert not may_see_revision(access("private"), ANYONE, audience="public", submitted=True)


@pytest.mark.parametrize(
    ("model", "latest", "pull", "conflicted", "step"),
    [
        ("unpublished", "draft", "none", False, "submit"),
        ("published", "submitted", "draft", False, "wait-review"),
        ("published", "rejected", "draft", False, "revise"),
        ("published", "withdrawn", "closed", False, "revise"),
        ("published", "approved", "failed", False, "pull-request"),
        ("published", "approved", "merged", False, "none"),
        ("archived", "draft", "none", False, "restore"),
        ("published", "submitted", "conflicted", True, "merge"),
        ("published", "submitted", "paused", False, "pull-request"),
    ],
)
def test_next_step(model: str, latest: str, pull: str, conflicted: bool, step: str) -> None:
    found = next_step(model_state=model, latest_state=latest, pull_request_state=pull, conflicted=conflicted)
    assert found == step
