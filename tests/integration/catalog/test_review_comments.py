"""Comments on lines, as the review page of each revision has them."""

from __future__ import annotations

from services.catalog.application import Application
from shared.contracts import catalog as contract
from shared.events import review
from tests.support.catalog import REVIEWER, CatalogUnderTest
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
