"""The editing pages beyond the text box: form, live form, preview before submitting, as somebody without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.auth import SESSION_COOKIE
from tests.integration.gateway.test_pages_work import REGISTER, box, fresh, send, settings_of
from tests.support.hub import Reader, pages_hub, reader
from tests.support.models import llm
from tests.support.running import TestHub
from tests.support.stages import drafted, published


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("editor")) as found:
        yield found


def live(visitor: Reader, *, part: str = "form", **fields: Any) -> dict[str, Any]:
    """What the page's script gets."""
    token = visitor.get(REGISTER).fields["csrf_token"]
    answer = visitor.client.post(f"/editor/{part}", data=fields, headers={"X-CSRFToken": token})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_buttons_of_the_form_add_and_remove_without_scripts(hub: TestHub) -> None:
    visitor, place = reader(hub, "max"), "/model_specs/0/model_src"
    page = visitor.get(REGISTER)
    page = send(visitor, page, REGISTER, type="llm", document=llm("buttons"), act=f"add:{place}/modelscope")
    assert list(json.loads(box(page, "document"))["model_specs"][0]["model_src"]) == ["huggingface", "modelscope"]
    back = send(visitor, page, REGISTER, type="llm", document=box(page, "document"), act=f"remove:{place}/modelscope")
    assert box(back, "document") == llm("buttons")
    odd = send(visitor, page, REGISTER, type="llm", document=llm("buttons"), act="remove:/model_specs/7")
    assert odd.status == 422
    assert box(odd, "document") == llm("buttons")


def test_errors_stand_at_their_fields(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    text = llm("wrong").replace('"org/tiny"', '""').replace('"chat"', '"chta"')
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="check", document=text)
    assert 'id="f:/model_ability-error"' in page.html
    assert 'id="f:/model_specs/0/model_src/huggingface/model_id-error"' in page.html


@pytest.mark.parametrize("kind", ["llm", "embedding", "rerank", "image", "audio", "video", "world"])
def test_each_type_has_a_form_of_its_own(hub: TestHub, kind: str) -> None:
    page = reader(hub, "max").get(f"{REGISTER}?type={kind}")
    assert 'model_name"' in page.html
    assert ("model_family" in page.html) == (kind not in ("embedding", "rerank"))
    assert ("dimensions" in page.html) == (kind == "embedding")


def test_text_that_cannot_be_read_keeps_the_page_and_says_so(hub: TestHub) -> None:
    visitor = reader(hub, "max")
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", action="check", document='{"model_name": ')
    assert page.says("The JSON cannot be read yet")
    assert box(page, "document") == '{"model_name": '


def test_live_form_patches_the_text_and_stores_nothing(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("live")
    text = llm(name)
    found = live(visitor, type="llm", document=text, **{"f:/model_description": "New."})
    assert found["document"] == text.replace("A tiny model.", "New.")
    assert found["readable"] and 'id="model-form"' in found["html"]
    assert live(visitor, type="llm", document=text)["document"] is None
    assert live(visitor, type="llm", document="{")["readable"] is False
    assert hub.api("max").get(f"/models/{name}").status_code == 404


@pytest.mark.parametrize("part", ["form", "findings", "words"])
def test_live_form_is_for_those_who_may_edit(hub: TestHub, part: str) -> None:
    visitor = reader(hub, "uma")
    token = visitor.get("/my-models").fields["csrf_token"]
    assert visitor.client.post(f"/editor/{part}", data={}, headers={"X-CSRFToken": token}).status_code == 403
    visitor.client.delete_cookie(SESSION_COOKIE)
    assert visitor.client.post(f"/editor/{part}", data={}).status_code in (303, 401, 403)


def test_findings_speak_the_pages_language_wherever_they_stand_and_the_api_english(hub: TestHub) -> None:
    visitor, bad = reader(hub, "max"), llm("words", model_lang=7)
    visitor.client.set_cookie("lang", "zh")
    chinese = "model_lang：应为列表，实为 7；请改正"
    assert live(visitor, part="findings", type="llm", document=bad)["findings"][0]["message"] == chinese
    for action in ("check", "look", "submit"):
        page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", document=bad, action=action)
        assert page.says(chinese) and not page.says("expected a list"), action
    english = hub.api("max").made("/validate", {"type": "llm", "document": bad})["errors"][0]["message"]
    assert english == "model_lang: expected a list, found 7; correct it"


def test_a_model_to_come_gets_its_pull_requests_title_with_its_name_and_one_that_is_there_keeps_its_own(
    hub: TestHub,
) -> None:
    visitor = reader(hub, "max")
    named = live(visitor, part="findings", type="llm", document=llm("titled"))["pull"]
    assert "FEAT: [model] titled support" in named and "chore/models-sync/titled" in named
    nameless = live(visitor, part="findings", type="llm", document='{"model_name": ')["pull"]
    assert "hidden" in nameless and "chore" not in nameless
    assert "pull" not in live(visitor, part="findings", type="llm", document=llm("titled"), settled="shown")


def test_what_is_missing_is_told_at_its_field_in_chinese_too(hub: TestHub) -> None:
    visitor, bad = reader(hub, "max"), json.loads(llm("words"))
    del bad["model_lang"]
    visitor.client.set_cookie("lang", "zh")
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", document=json.dumps(bad), action="check")
    assert 'id="f:/model_lang-error"' in page.html
    found = live(visitor, part="findings", type="llm", document=json.dumps(bad))["findings"]
    assert [each["missing"] for each in found if each["severity"] == "error"] == ["model_lang"]


def test_what_changes_is_shown_before_it_is_submitted(hub: TestHub) -> None:
    name = fresh("before")
    published(hub, name, visibility="public", readme="# Once\n")
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.get(path)
    text = box(page, "document").replace('"chat"', '"chat", "tools"')
    shown = send(visitor, page, path, document=text, readme="# Twice\n", message="Why", public="1", action="look")
    assert shown.status == 200
    assert shown.says("model_ability") and shown.says("Releases that can use it")
    assert shown.says(f"FEAT: [model] {name} support") or shown.says(f'update model "{name}"')
    assert f"chore/models-sync/{name}" in shown.text
    assert shown.fields["base_revision"] == "1"
    back = send(visitor, shown, path, document=text, readme="# Twice\n", message="Why", public="1", action="edit")
    assert (box(back, "document"), box(back, "readme"), box(back, "message")) == (text, "# Twice\n", "Why")
    done = send(visitor, shown, path, document=text, readme="# Twice\n", public="1", action="submit")
    assert done.status == 303, done.text


def test_a_model_to_come_is_shown_with_the_pull_request_it_will_have(hub: TestHub) -> None:
    visitor, name = reader(hub, "max"), fresh("to-come")
    page = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", document=llm(name), public="1", action="look")
    assert page.says(f"FEAT: [model] {name} support") and page.says("the local repository")
    private = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", document=llm(name), action="look")
    assert private.says("None: it is not public.")
    wrong = llm(name).replace('"chat"', '"chta"')
    refused = send(visitor, visitor.get(REGISTER), REGISTER, type="llm", document=wrong, public="1", action="look")
    assert refused.says("Fix 1 error to submit.") and 'value="submit"' not in refused.html


def test_a_drafts_change_is_shown_against_what_it_is_made_from(hub: TestHub) -> None:
    name = fresh("again")
    published(hub, name, visibility="public")
    body = {"type": "llm", "document": llm(name, context_length=1024), "visibility": "public", "submit": False}
    hub.api("max").made(f"/models/{name}/revisions", body | {"base_revision": 1})
    hub.settled()
    visitor, path = reader(hub, "max"), settings_of(name)
    page = visitor.get(path)
    shown = send(visitor, page, path, document=box(page, "document"), public="1", action="look")
    assert shown.says("Compared with revision 1.") and shown.says("context_length")


def test_the_switch_tells_the_pull_request_it_opens(hub: TestHub) -> None:
    name = fresh("told")
    drafted(hub, name, visibility="public")
    hub.settled()
    page = reader(hub, "max").get(settings_of(name))
    assert page.says(f"FEAT: [model] {name} support") and page.says(f"chore/models-sync/{name}")
