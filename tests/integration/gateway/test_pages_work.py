"""Registering, editing, reviewing and one's own pages, as somebody without scripts uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from uuid import uuid4

import pytest

from tests.support.hub import Page, Reader, pages_hub, reader
from tests.support.models import llm
from tests.support.running import TestHub

REGISTER = "/register-model"
BOX = r'<textarea[^>]*\bid="{}"[^>]*>\n?(.*?)</textarea>'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("work")) as found:
        yield found


def box(page: Page, name: str) -> str:
    """What stands in a text box of the page."""
    found = re.search(BOX.format(name), page.html, re.DOTALL)
    assert found is not None, f"the page has no text box {name}"
    return unescape(found[1])


def settings_of(name: str) -> str:
    return f"/models/detail/{name}/settings"


def send(visitor: Reader, page: Page, path: str, /, **fields: str) -> Page:
    """A form of a page that was read before, with what the page hid in it."""
    body = {**page.fields, "idempotency_key": uuid4().hex, **fields}
    return Page(visitor.client.post(path, data=body, headers={"Accept": "text/html"}))


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid4().hex[:8]}"


def registered(hub: TestHub, name: str, *, action: str = "submit", public: bool = True) -> None:
    visitor = reader(hub, "max")
    page = visitor.get(REGISTER)
    fields = {"type": "llm", "document": llm(name), "readme": f"# {name}", "action": action}
    answer = send(visitor, page, REGISTER, **fields, **({"public": "1"} if public else {}))
    assert answer.status == 303, answer.text
    hub.settled()


def test_form_becomes_json_and_the_readme_follows_from_it(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("built")
    spec = "f:/model_specs/0"
    typed = {
        "f:/model_name": name,
        "f+:/model_ability": "chat",
        "f+:/model_lang": "en",
        f"{spec}/model_size_in_billions": "7",
        f"{spec}/model_src/huggingface/model_id": "o/m",
    }
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="apply", **typed)
    document = box(page, "document")
    assert json.loads(document)["model_name"] == name
    page = send(visitor, page, REGISTER, type="llm", action="readme", document=document)
    readme = box(page, "readme")
    assert readme.startswith(f"# {name}")
    page = send(visitor, page, REGISTER, type="llm", action="submit", document=document, readme=readme, public="1")
    assert page.status == 303, page.text
    assert page.location.startswith(f"/models/detail/{name}?min_position=registry:")
    hub.settled()
    assert visitor.get("/my-models").says(name)


def test_json_with_windows_line_ends_is_stored_as_it_was_written(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("lines")
    text = llm(name)
    send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="draft", document=text.replace("\n", "\r\n"))
    stored = hub.api("max").get(f"/models/{name}", min_position="").get_json()["document"]
    assert stored == text


def test_refused_submission_keeps_everything_and_says_where_to_look(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("wrong")
    text = llm(name).replace('"chat"', '"chta"')
    page = send(
        visitor,
        visitor.get(REGISTER),
        REGISTER,
        type="llm",
        action="submit",
        document=text,
        readme="Mine.",
        message="Hi",
    )
    assert page.status == 422
    assert (box(page, "document"), box(page, "readme"), box(page, "message")) == (text, "Mine.", "Hi")
    assert page.says("/model_ability/0")
    assert re.search(r'data-jump-line="\d+"', page.html)
    assert 'id="document-error"' in page.html


def test_empty_form_says_what_to_do(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="submit")
    assert page.status == 422
    assert page.says("Fill in the form")


def test_taken_name_keeps_the_text(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="draft", document=llm("ALPHA-chat"))
    assert page.status == 409
    assert box(page, "document") == llm("ALPHA-chat")


def test_get_readme_never_overwrites_what_was_typed(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("kept")
    page = send(
        visitor, visitor.get(REGISTER), REGISTER, type="llm", action="readme", document=llm(name), readme="My words."
    )
    assert box(page, "readme") == "My words."
    assert page.says("Yours was kept")
    page = send(visitor, page, REGISTER, type="llm", action="replace-readme", document=llm(name), readme="My words.")
    assert box(page, "readme").startswith(f"# {name}")


def test_preview_shows_the_readme_without_what_runs(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    readme = "# Title\n\n<script>alert(1)</script>\n\n**bold**"
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="preview", readme=readme)
    assert "<strong>bold</strong>" in page.html
    assert "alert(1)</script>" not in page.html


def test_editing_pages_alone_carry_a_nonce(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    editing, plain = visitor.get(REGISTER).response, visitor.get("/my-models").response
    assert "nonce-" in editing.headers["Content-Security-Policy"]
    assert editing.headers["Cache-Control"] == "no-store"
    assert "nonce-" not in plain.headers["Content-Security-Policy"]


def test_draft_is_saved_again_under_its_number_and_then_submitted(hub: TestHub) -> None:
    name = fresh("draft")
    registered(hub, name, action="draft")
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.get(path)
    text = box(page, "document").replace('["en"]', '["en", "zh"]')
    page = send(visitor, page, path, document=text, readme="R", action="draft")
    assert page.location.startswith(f"{path}?min_position=registry:")
    page = visitor.follow(page)
    assert page.fields["base_revision"] == "1"
    page = send(visitor, page, path, document=text, readme="R", action="submit")
    assert page.status == 303, page.text
    hub.settled()
    detail = hub.api("max").get(f"/models/{name}/revisions").get_json()
    assert [(row["revision"], row["state"]) for row in detail["items"]] == [(1, "submitted")]


def test_draft_with_errors_is_kept_but_not_submitted(hub: TestHub) -> None:
    name = fresh("broken")
    registered(hub, name, action="draft")
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.get(path)
    text = box(page, "document").replace('"chat"', '"chta"')
    refused = send(visitor, page, path, document=text, action="submit")
    assert refused.status == 422
    assert box(refused, "document") == text
    kept = send(visitor, refused, path, document=text, action="draft")
    assert kept.status == 303
    assert visitor.follow(kept).says("Fix 1 error to submit")


def test_unchanged_settings_record_nothing_and_say_so(hub: TestHub) -> None:
    name = fresh("same")
    registered(hub, name)
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.get(path)
    answer = send(
        visitor, page, path, document=box(page, "document"), readme=box(page, "readme"), public="1", action="submit"
    )
    assert visitor.follow(answer).says("nothing was recorded")


def test_stale_base_meets_a_merge_with_both_sides(hub: TestHub) -> None:
    name = fresh("stale")
    registered(hub, name)
    visitor, path = reader(hub, "max"), settings_of(name)
    mine = visitor.get(path)
    text = box(mine, "document")
    theirs = reader(hub, "olga")
    first = theirs.get(path)
    send(theirs, first, path, document=text.replace('"chat"', '"chat", "tools"'), public="1", action="submit")
    wish = text.replace('"context_length": 4096', '"context_length": 8192')
    met = send(visitor, mine, path, document=wish, readme="R", public="1", action="submit")
    assert met.status == 409
    assert met.says("Two changes meet")
    assert box(met, "document") == wish
    merged = send(visitor, met, path, document=wish, readme="R", public="1", action="merge")
    both = json.loads(box(merged, "document"))
    assert (both["context_length"], both["model_ability"]) == (8192, ["chat", "tools"])
    done = send(visitor, merged, path, document=box(merged, "document"), readme="R", public="1", action="submit")
    assert done.status == 303, done.text


def test_conflicting_places_are_decided_one_by_one(hub: TestHub) -> None:
    name = fresh("conflict")
    registered(hub, name)
    visitor, path = reader(hub, "max"), settings_of(name)
    mine = visitor.get(path)
    text = box(mine, "document")
    theirs = reader(hub, "olga")
    described = text.replace('"context_length": 4096', '"context_length": 1024')
    send(theirs, theirs.get(path), path, document=described, public="1", action="submit")
    wish = text.replace('"context_length": 4096', '"context_length": 2048')
    met = send(visitor, mine, path, document=wish, public="1", action="draft")
    assert met.status == 409
    assert met.fields["place-0"] == "/context_length"
    merged = send(visitor, met, path, document=wish, public="1", action="merge", **{"choice-0": "theirs"})
    assert json.loads(box(merged, "document"))["context_length"] == 1024
    assert merged.fields["base_revision"] == "2"


def test_withdrawn_submission_can_be_revised(hub: TestHub) -> None:
    name = fresh("back")
    registered(hub, name)
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.follow(send(visitor, visitor.get(path), f"{path}/withdraw", revision="1"))
    assert page.says("Revision 1 was withdrawn.")
    assert visitor.get("/my-models").says("Revise")


def test_review_list_shows_what_waits_and_the_page_what_changes(hub: TestHub) -> None:
    name = fresh("waits")
    registered(hub, name)
    rita = reader(hub, "rita")
    listed = rita.get("/reviews")
    assert f"/reviews/{name}/1" in listed.hrefs
    assert f"/reviews/{name}/1" in rita.get(f"/reviews?q={name}&type=llm").hrefs
    assert rita.get(f"/reviews?q={name}&type=audio").says("Reset the filters")
    page = rita.get(f"/reviews/{name}/1")
    assert page.says("What changes") and page.says("model_ability") and page.says("Verdict")
    order = [page.html.index(f'class="{area}') for area in ("area-changes", "area-verdict", "area-text")]
    assert order == sorted(order)
    assert 'class="diff split"' in rita.get(f"/reviews/{name}/1?view=split").html
    sha = page.fields["document_sha256"]
    assert page.says(sha[:8])


def test_rejecting_needs_feedback_and_the_owner_reads_it(hub: TestHub) -> None:
    name = fresh("rejected")
    registered(hub, name)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/1"
    refused = send(rita, rita.get(path), path, verdict="reject", feedback=" ")
    assert refused.status == 422
    assert 'id="feedback-error"' in refused.html
    done = send(rita, refused, path, verdict="reject", feedback="Name the licence.")
    assert rita.follow(done).says("Rejected. The submitter gets your feedback.")
    hub.settled()
    owner = reader(hub, "max")
    assert owner.get(settings_of(name)).says("Name the licence.")
    assert owner.get("/my-models").says("Rejected: “Name the licence.”")
    assert owner.get("/user-center").says(f"{name}: revision 1 was rejected.")


def test_approval_binds_to_what_was_read_and_publishes(hub: TestHub) -> None:
    name = fresh("approved")
    registered(hub, name)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/1"
    page = rita.get(path)
    wrong = send(rita, page, path, verdict="approve", document_sha256="0" * 64, feedback="Good.")
    assert wrong.status == 409
    assert box(wrong, "feedback") == "Good."
    done = send(rita, page, path, verdict="approve", quality="1")
    assert rita.follow(done).says("Approved")
    hub.settled()
    assert reader(hub).get(f"/models/detail/{name}").status == 200
    assert rita.get(path).says("Checked: quality.")


def test_comment_reaches_the_page_and_an_empty_one_is_refused(hub: TestHub) -> None:
    name = fresh("talk")
    registered(hub, name)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/1"
    page = rita.get(path)
    assert send(rita, page, f"{path}/comments", comment="").status == 422
    done = send(rita, page, f"{path}/comments", comment="Which licence?")
    assert rita.follow(done).says("Which licence?")


def test_newer_revision_and_own_submission_leave_no_verdict(hub: TestHub) -> None:
    name = fresh("newer")
    registered(hub, name)
    olga, path = reader(hub, "olga"), settings_of(name)
    page = olga.get(path)
    text = box(page, "document").replace('"chat"', '"chat", "tools"')
    send(olga, page, path, document=text, public="1", action="submit")
    hub.settled()
    old = reader(hub, "rita").get(f"/reviews/{name}/1")
    assert "There is a newer revision, 2." in old.text or old.says("Superseded")
    assert 'value="approve"' not in old.html
    own = olga.get(f"/reviews/{name}/2")
    assert own.says("This is your own submission.")
    assert 'value="approve"' not in own.html


def test_owner_shares_and_a_wrong_name_keeps_what_was_typed(hub: TestHub) -> None:
    name = fresh("shared")
    registered(hub, name)
    max_, path = reader(hub, "max"), f"{settings_of(name)}/access"
    page = max_.get(path)
    refused = send(max_, page, f"{settings_of(name)}/owners", add="mia nobody", reason="Together.")
    assert refused.status == 422
    assert 'value="mia nobody"' in refused.html and refused.says("Together.")
    send(max_, page, f"{settings_of(name)}/owners", add="mia", reason="Together.")
    hub.settled()
    assert reader(hub, "mia").get(settings_of(name)).status == 200


def test_archiving_asks_for_a_reason_and_can_be_undone(hub: TestHub) -> None:
    name = fresh("archived")
    registered(hub, name)
    max_, path = reader(hub, "max"), settings_of(name)
    page = max_.get(f"{path}/access")
    assert send(max_, page, f"{path}/archive", reason="").status == 422
    assert max_.follow(send(max_, page, f"{path}/archive", reason="Old.")).says("Archived.")
    assert max_.follow(send(max_, page, f"{path}/restore", reason="Sorry.")).says("Restored.")


def test_operators_acts_are_for_operators(hub: TestHub) -> None:
    name = fresh("shelf")
    registered(hub, name, public=False)
    max_, path = reader(hub, "max"), settings_of(name)
    page = max_.get(f"{path}/access")
    assert not page.says("For operators")
    assert send(max_, page, f"{path}/quarantine", reason="no").status == 403
    olga, path = reader(hub, "olga"), settings_of("alpha-chat")
    done = send(olga, olga.get(f"{path}/access"), f"{path}/feature", featured="true")
    assert olga.follow(done).says("It stands on the shelf now.")
