"""Comments on lines, as the review page of each revision has them."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, RowMapping

from services.catalog.application import Application
from services.catalog.projection.histories import HistoryReads
from shared.contracts import catalog as contract
from shared.contracts.common import Caller
from shared.errors import NotFound
from shared.events import review
from tests.support.catalog import REVIEWER, STRANGER, CatalogUnderTest
from tests.support.histories import History, llm_document


def said(revision: int, text: str, line: int = 0, *, against: int = 0) -> review.ReviewCommented:
    side = "old" if against else "new"
    return review.ReviewCommented(
        model_name="m", revision=revision, author="rex", text=text, line=line, side=side, against=against
    )


def page(application: Application, revision: int) -> contract.ReviewDetail:
    return application.review(contract.ReadRevision(name="m", revision=revision), REVIEWER)


def test_comment_on_a_line_carries_the_line_s_text(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m", document=llm_document("m", size=7))
    history.submit("m", 2, document=llm_document("m", size=72))
    line = next(
        number
        for number, text in enumerate(llm_document("m", size=72).split("\n"), start=1)
        if "model_size_in_billions" in text
    )
    history.add(said(2, "Is it 72?", line))
    history.add(said(2, "It was 7.", line, against=1))
    history.add(said(2, "Beyond the end.", 99_999))
    found = page(catalog.catch_up(), 2).comments
    assert [(comment.side, comment.against, comment.line) for comment in found] == [
        ("new", 0, line),
        ("old", 1, line),
        ("new", 0, 99_999),
    ]
    assert "72" in found[0].quote and "7" in found[1].quote and "72" not in found[1].quote
    assert found[2].quote == ""


def test_comments_of_older_revisions_stand_apart(history: History, catalog: CatalogUnderTest) -> None:
    history.submit("m")
    history.add(said(1, "First", 2))
    history.submit("m", 2, document=llm_document("m", size=72))
    history.add(said(2, "Second", 2))
    application = catalog.catch_up()
    newest = page(application, 2)
    assert [comment.text for comment in newest.comments] == ["Second"]
    assert [(comment.text, comment.revision) for comment in newest.earlier] == [("First", 1)]
    assert newest.row.comments == 1
    assert page(application, 1).earlier == []


def test_comments_are_read_without_the_rest_of_the_page(history: History, catalog: CatalogUnderTest) -> None:
    history.submit("m")
    history.add(said(1, "First"))
    history.submit("m", 2, document=llm_document("m", size=72))
    history.add(said(2, "Second", 2))
    application = catalog.catch_up()
    for revision in (1, 2):
        ref = contract.ReadRevision(name="m", revision=revision)
        assert application.review_comments(ref, REVIEWER).items == page(application, revision).comments
        with pytest.raises(NotFound):
            application.review_comments(ref, STRANGER)
    with pytest.raises(NotFound):
        application.review_comments(contract.ReadRevision(name="m", revision=3), REVIEWER)


def test_documents_are_read_only_for_the_lines_that_were_spoken_of(
    history: History, catalog: CatalogUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.publish("m")
    for revision in (2, 3, 4):
        history.submit("m", revision, document=llm_document("m", size=revision))
        history.add(said(revision, "To all of it."))
    history.add(said(4, "Here", 2, against=1))
    application = catalog.catch_up()
    read: list[int] = []
    whole = HistoryReads.revision

    def noted(self: HistoryReads, connection: Connection, model: str, number: int) -> RowMapping | None:
        read.append(number)
        return whole(self, connection, model, number)

    monkeypatch.setattr(HistoryReads, "revision", noted)
    assert [comment.quote != "" for comment in page(application, 4).comments] == [False, True]
    assert sorted(read) == [1, 1, 4]
    read.clear()
    assert len(application.review_comments(contract.ReadRevision(name="m", revision=3), REVIEWER).items) == 1
    assert read == []


def test_what_revisions_changed_comes_in_one_answer_to_whom_they_are_open(
    history: History, catalog: CatalogUnderTest
) -> None:
    history.publish("m")
    history.publish("m", 2, document=llm_document("m", size=72))
    history.submit("m", 3, document=llm_document("m", size=8), visibility="private")
    application = catalog.catch_up()

    def changed(caller: Caller) -> dict[int, tuple[int, list[tuple[str, str]]]]:
        asked = contract.ReadRevisionChanges(name="m", revisions=[3, 2, 1, 9])
        items = application.revision_changes(asked, caller).items
        return {each.revision: (each.against, [(place.op, place.path) for place in each.places]) for each in items}

    for revision, (against, places) in changed(REVIEWER).items():
        diff = application.diff(contract.ReadDiff(name="m", revision=revision), REVIEWER)
        assert (against, places) == (diff.against, [(change.op, change.path) for change in diff.changes])
        assert places
    assert (list(changed(REVIEWER)), list(changed(STRANGER))) == ([3, 2], [2])
