"""The review page as somebody without scripts uses it: threads, templates, what is new, the way along the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from gateway.paging import address
from tests.support.hub import Page, Reader, pages_hub, reader
from tests.support.models import llm
from tests.support.running import TestHub
from tests.support.stages import published, registered


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("review")) as found:
        yield found


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid4().hex[:8]}"


def revised(hub: TestHub, name: str, base: int, **changes: object) -> None:
    body = {"type": "llm", "document": llm(name, **changes), "readme": f"# {name}", "visibility": "public"}
    hub.api("max").made(f"/models/{name}/revisions", body | {"message": "Better.", "base_revision": base})
    hub.settled()


def update(hub: TestHub) -> str:
    """A published model whose second revision waits: its context length changes."""
    name = fresh("threads")
    published(hub, name, visibility="public", document=llm(name, context_length=1024))
    revised(hub, name, 1, context_length=4096)
    return name


def line_of(hub: TestHub, name: str, revision: int, text: str) -> int:
    document = hub.api("rita").get(f"/reviews/{name}/{revision}").get_json()["document"]
    return next(number for number, line in enumerate(document.split("\n"), start=1) if text in line)


def send(visitor: Reader, page: Page, path: str, **fields: str) -> Page:
    body = {**page.fields, "idempotency_key": uuid4().hex, **fields}
    return Page(visitor.client.post(path, data=body, headers={"Accept": "text/html"}))


def thread(page: Page, key: str) -> str:
    """The row below the line, empty where there is none."""
    found = re.search(
        rf'<tr class="thread"><td[^>]*>\s*<div[^>]*id="thread-{key}">(.*?)</td></tr>', page.html, re.DOTALL
    )
    return found[1] if found else ""


def test_number_of_a_line_leads_to_a_form_below_it(hub: TestHub) -> None:
    name = update(hub)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2"
    line = line_of(hub, name, 2, "context_length")
    assert f"{path}?line={line}#at" in rita.get(path).hrefs
    assert f"{path}?line={line}&side=old#at" in rita.get(path).hrefs
    form = rita.get(f"{path}?line={line}")
    assert f"Comment on line {line}" in thread(form, f"new-{line}")
    done = send(rita, form, f"{path}/comments", comment="Is it 4096?", line=str(line), side="new")
    assert done.location.endswith(f"#thread-new-{line}")
    hub.settled()
    assert "Is it 4096?" in thread(rita.get(path), f"new-{line}")


@pytest.mark.parametrize("view", ["", "split"])
def test_threads_stand_below_lines_of_both_sides_in_both_views(hub: TestHub, view: str) -> None:
    name = update(hub)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2?view={view}"
    line = line_of(hub, name, 2, "context_length")
    page = rita.get(f"{path}&line={line}&side=old")
    send(rita, page, f"/reviews/{name}/2/comments", comment="Why?", line=str(line), side="old", base="1")
    send(rita, page, f"/reviews/{name}/2/comments", comment="And this?", line=str(line), side="new")
    hub.settled()
    seen = rita.get(path)
    assert "Why?" in thread(seen, f"old-{line}") and "And this?" in thread(seen, f"new-{line}")


def test_line_that_the_difference_does_not_show_has_its_form_above_it(hub: TestHub) -> None:
    name = update(hub)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2"
    page = rita.get(f"{path}?line=9999")
    assert page.says("Comment on line 9999")
    send(rita, page, f"{path}/comments", comment="What of this?", line="9999", side="new")
    hub.settled()
    seen = rita.get(path)
    assert thread(seen, "new-9999") == "" and seen.says("line 9999") and seen.says("What of this?")


def test_empty_comment_on_a_line_is_refused_where_it_was_written(hub: TestHub) -> None:
    name = update(hub)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2"
    line = line_of(hub, name, 2, "context_length")
    refused = send(rita, rita.get(path), f"{path}/comments", comment=" ", line=str(line), side="new")
    assert refused.status == 422
    assert 'role="alert"' in thread(refused, f"new-{line}")


def test_comment_is_outdated_on_the_next_revision_and_says_its_line(hub: TestHub) -> None:
    name = fresh("older")
    registered(hub, name, visibility="public", document=llm(name, context_length=1024))
    hub.settled()
    line = line_of(hub, name, 1, "context_length")
    body = {"feedback": "Larger, please.", "line": line}
    hub.api("rita").made(f"/models/{name}/revisions/1/comments", body)
    revised(hub, name, 1, context_length=4096)
    page = reader(hub, "rita").get(f"/reviews/{name}/2")
    assert page.says("1 comment on earlier revisions") and page.says("Outdated") and page.says("Larger, please.")
    assert page.says('"context_length": 1024')
    assert thread(page, f"new-{line}") == ""


def test_last_look_is_remembered_and_compared_with(hub: TestHub) -> None:
    name = fresh("looks")
    registered(hub, name, visibility="public", document=llm(name, context_length=1024))
    hub.settled()
    rita = reader(hub, "rita")
    assert not rita.get(f"/reviews/{name}/1").says("Since my last look")
    revised(hub, name, 1, context_length=2048)
    revised(hub, name, 2, context_length=4096)
    page = rita.get(f"/reviews/{name}/3")
    assert page.says("Since my last look (revision 1)")
    since = rita.get(f"/reviews/{name}/3?against=1")
    assert since.says("1024") and since.says("4096") and since.says("Compared with revision 1.")
    assert not reader(hub, "olga").get(f"/reviews/{name}/3").says("Since my last look")


def test_verdict_given_elsewhere_is_a_look_too(hub: TestHub) -> None:
    name = fresh("verdict")
    answer = registered(hub, name, visibility="public", document=llm(name, context_length=1024))
    verdict = {"document_sha256": answer["document_sha256"], "feedback": "Pin it."}
    hub.api("rita").made(f"/models/{name}/revisions/1/reject", verdict)
    revised(hub, name, 1, context_length=2048)
    revised(hub, name, 2, context_length=4096)
    page = reader(hub, "rita").get(f"/reviews/{name}/3")
    assert page.says("Since my last look (revision 1)") and page.says("Compared with revision 2.")
    assert not page.says("It is what is published now.")
    assert page.says("Earlier verdicts") and page.says("Pin it.")


@pytest.mark.parametrize("against", ["7", "99", "x", "-1", "0"])
def test_address_that_compares_with_nothing_known_shows_the_page_all_the_same(hub: TestHub, against: str) -> None:
    name = update(hub)
    page = reader(hub, "rita").get(f"/reviews/{name}/2?against={against}&line=x&side=y&template=z")
    assert page.status == 200 and page.says("Compared with revision 1.")


def test_template_fills_the_feedback(hub: TestHub) -> None:
    name = update(hub)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2"
    page = rita.get(path)
    assert f"{path}?template=pin#feedback" in page.hrefs
    filled = rita.get(f"{path}?template=pin")
    assert ">\nA source has no pinned revision." in filled.html
    assert send(rita, filled, path, verdict="reject", feedback="A source has no pinned revision.").status == 303


def test_page_leads_to_the_next_and_previous_that_wait(hub: TestHub) -> None:
    names = [fresh("queue") for _ in range(3)]
    for name in names:
        registered(hub, name, visibility="public")
        hub.settled()
    rita = reader(hub, "rita")
    page = rita.get(f"/reviews/{names[1]}/1")
    found = dict(re.findall(r'<a rel="(prev|next)" href="([^"]*)"', page.html))
    assert found == {"prev": f"/reviews/{names[0]}/1", "next": f"/reviews/{names[2]}/1"}


def test_form_that_old_releases_do_not_know_says_which(hub: TestHub) -> None:
    name = fresh("fp4")
    sources = {"huggingface": {"model_id": "a/b", "model_revision": "c" * 40, "quantizations": ["nvfp4"]}}
    spec = {"model_format": "fp4", "model_size_in_billions": 7, "model_src": sources}
    published(hub, name, visibility="public")
    revised(hub, name, 1, model_specs=[spec])
    page = reader(hub, "rita").get(f"/reviews/{name}/2")
    assert re.search(r"Xinference 1\.\d+\.\d+ – [\d.]+ cannot read a model that has it\.", page.text)
    assert page.says("Releases that lose the model")


def test_owner_reads_what_was_said_of_a_line_and_answers(hub: TestHub) -> None:
    name = update(hub)
    line = line_of(hub, name, 2, "context_length")
    hub.api("rita").made(f"/models/{name}/revisions/2/comments", {"feedback": "Is it 4096?", "line": line})
    hub.settled()
    owner, path = reader(hub, "max"), f"/models/detail/{name}/revisions/2"
    assert f"{path}#comments" in owner.get("/user-center").hrefs
    page = owner.get(path)
    assert page.says("Is it 4096?") and page.says(f"line {line}") and page.says('"context_length": 4096')
    send(owner, page, f"{path}/comments", comment="Its config says so.", line=str(line))
    hub.settled()
    assert "Its config says so." in thread(reader(hub, "rita").get(f"/reviews/{name}/2"), f"new-{line}")
    stranger = reader(hub, "mia")
    assert not stranger.get(path).says("Is it 4096?")
    assert send(stranger, stranger.get("/user-center"), f"{path}/comments", comment="Me too.").status == 403


def test_owners_answer_that_is_refused_is_not_lost(hub: TestHub) -> None:
    name = fresh("answered")
    published(hub, name, visibility="public")
    hub.settled()
    path = f"/models/detail/{name}/revisions/1"
    owner = reader(hub, "max")
    refused = send(owner, owner.get(path), f"{path}/comments", comment="It does. " * 3000)
    assert refused.status == 422
    assert refused.says("It does. It does.") and refused.says("20000")


def test_published_revision_shows_what_was_said_to_nobody_else(hub: TestHub) -> None:
    name = fresh("quiet")
    published(hub, name, visibility="public")
    hub.api("rita").made(f"/models/{name}/revisions/1/comments", {"feedback": "Well done."})
    hub.settled()
    path = f"/models/detail/{name}/revisions/1"
    assert reader(hub, "max").get(path).says("Well done.")
    assert not reader(hub).get(path).says("Well done.") and reader(hub).get(path).status == 200


def test_list_can_be_narrowed_to_an_author(hub: TestHub) -> None:
    mine, other = fresh("mine"), fresh("other")
    registered(hub, mine, visibility="public")
    registered(hub, other, visibility="public", person="mia")
    hub.settled()
    rita = reader(hub, "rita")
    found = rita.get("/reviews?submitter=MIA&q=")
    assert f"/reviews/{other}/1" in found.hrefs and f"/reviews/{mine}/1" not in found.hrefs
    assert rita.get("/reviews?submitter=nobody-at-all").says("No submission matches")
    api = hub.api("rita").get("/reviews", submitter="mia", per_page=200).get_json()
    assert {item["submitter"] for item in api["items"]} == {"mia"}


@pytest.mark.parametrize("view", ["", "split"])
def test_more_lines_around_each_change_can_be_shown(hub: TestHub, view: str) -> None:
    name = fresh("around")
    specs = [
        {"model_format": "pytorch", "model_size_in_billions": size, "model_src": {"huggingface": {"model_id": "a/b"}}}
        for size in range(1, 9)
    ]
    for spec in specs:
        spec["model_src"]["huggingface"]["quantizations"] = ["none"]  # type: ignore[index]
    published(hub, name, visibility="public", document=llm(name, context_length=1024, model_specs=specs))
    revised(hub, name, 1, context_length=4096, model_specs=specs)
    rita, path = reader(hub, "rita"), f"/reviews/{name}/2"
    few = rita.get(f"{path}?view={view}")
    more = address(path, view=view, context=20) + "#diff"
    assert more in few.hrefs
    assert few.html.count('class="tx"') < rita.get(more.removesuffix("#diff")).html.count('class="tx"')
    whole = rita.get(f"{path}?view={view}&context=200")
    assert not whole.says("show more lines")


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ({"line": 3, "side": "left"}, "/side"),
        ({"line": -1}, "/line"),
        ({"line": "3"}, "/line"),
        ({"line": 3, "side": "old"}, "/against"),
    ],
)
def test_api_refuses_a_comment_on_no_line_of_either_side(hub: TestHub, place: dict[str, object], path: str) -> None:
    name = fresh("api")
    registered(hub, name)
    refused = hub.api("rita").post(f"/models/{name}/revisions/1/comments", {"feedback": "Why?", **place})
    assert (refused.status_code, [error["path"] for error in refused.get_json()["errors"]]) == (422, [path])
