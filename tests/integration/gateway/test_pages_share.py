"""What a model's page hands out: a build's commands, a badge, snippets."""

from __future__ import annotations

from tests.support.hub import PINNED, reader
from tests.support.models import llm
from tests.support.running import TestHub

SPECS = "/models/detail/alpha-chat/specs"


def test_each_build_of_the_table_links_its_launch_commands(hub: TestHub) -> None:
    page = reader(hub).get(SPECS)
    chosen = f"{SPECS}?size=3&format=ggufv2&quantization=Q4_0#launch"
    assert chosen in page.hrefs
    found = reader(hub).get(chosen)
    assert found.says("about 2.1 GB of memory: 3 B × 4.5 bits ÷ 8, and a fifth more")
    assert found.says("--model-format ggufv2 --quantization Q4_0")
    assert 'aria-current="true">' in found.html


def test_a_builds_sources_say_whether_they_are_pinned(hub: TestHub) -> None:
    found = reader(hub).get(f"{SPECS}?size=30&format=pytorch&quantization=none")
    assert found.says(f"Pinned {PINNED[:8]}") or found.says(PINNED[:8])
    assert found.says("Launch 30 B · PyTorch · none")


def test_an_address_of_no_build_shows_the_smallest_of_each_engine(hub: TestHub) -> None:
    for query in ("size=9&format=pytorch&quantization=none", "size=3&format=%00&quantization=", "format="):
        page = reader(hub).get(f"{SPECS}?{query}")
        assert page.status == 200
        assert page.says("The smallest build of each engine")


def test_badge_is_a_picture_for_everybody_that_may_be_kept(hub: TestHub) -> None:
    answer = hub.app.test_client().get("/models/badge/ALPHA-chat.svg")
    assert answer.status_code == 200
    assert answer.content_type.startswith("image/svg+xml")
    assert "alpha-chat" in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "script-src" in answer.headers["Content-Security-Policy"]
    again = hub.app.test_client().get("/models/badge/alpha-chat.svg", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_snippets_name_page_and_badge(hub: TestHub) -> None:
    page = reader(hub).get("/models/detail/alpha-chat")
    base = hub.hosted.settings.public_url
    assert page.says(f"alpha-chat]({base}/models/badge/alpha-chat.svg)]({base}/models/detail/alpha-chat)")
    assert page.says(f'src="{base}/models/badge/alpha-chat.svg"')


def test_what_is_not_public_has_no_badge_and_no_snippets(hub: TestHub) -> None:
    owner = hub.api("mia")
    body = {"type": "llm", "document": llm("kept-close"), "readme": "", "visibility": "private", "message": "Mine"}
    assert owner.post("/models", body).status_code == 201
    hub.settled()
    mine = reader(hub, "mia")
    assert mine.get("/models/detail/kept-close").status == 200
    assert "/models/badge/" not in mine.get("/models/detail/kept-close").html
    for path in ("/models/badge/kept-close.svg", "/models/badge/nothing.svg"):
        assert mine.get(path).status == 404
        assert hub.app.test_client().get(path).status_code == 404
