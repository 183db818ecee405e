from __future__ import annotations

from xml.etree import ElementTree

import pytest

from gateway.badge import SHOWN_STATES, badge_svg, snippets

HOSTILE = '"><script>alert(1)</script>&</svg>'


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


@pytest.mark.parametrize("state", SHOWN_STATES)
def test_badge_names_the_model_and_a_state_that_is_not_the_usual_one(state: str) -> None:
    assert texts(badge_svg("alpha", state)) == ["Models Hub", "alpha" if state == "published" else f"alpha · {state}"]


def test_badge_of_a_hostile_name_is_text() -> None:
    svg = badge_svg(HOSTILE, "published")
    assert texts(svg)[1] == HOSTILE
    assert "<script" not in svg


def test_long_names_are_cut_and_told_whole_in_the_title() -> None:
    name = "a" * 100
    svg = badge_svg(name, "published")
    assert texts(svg)[1] == "a" * 39 + "…"
    assert f"Models Hub: {name}, published" in svg


def test_badge_holds_no_style_that_a_policy_would_drop() -> None:
    assert "style" not in badge_svg("alpha", "published")


def test_snippets_stay_whole_with_any_name() -> None:
    found = snippets('a"b]c', base_url="https://hub.example")
    assert found.link == "https://hub.example/models/detail/a%22b%5Dc"
    assert found.markdown.startswith('[![Models Hub: a"b)c](https://hub.example/models/badge/a%22b%5Dc.svg)](')
    anchor = ElementTree.fromstring(found.html.replace('"20">', '"20"/>'))
    assert anchor.attrib["href"] == found.link
    assert anchor[0].attrib == {"src": found.badge, "alt": 'Models Hub: a"b]c', "height": "20"}
