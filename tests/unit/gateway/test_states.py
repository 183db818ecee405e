from __future__ import annotations

from pathlib import Path

import pytest

from gateway.states import LOOKS, look_of

ICONS = set((Path(__file__).parents[3] / "gateway" / "frontend" / "icons.txt").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("axis", LOOKS)
def test_every_state_has_an_icon_of_the_sprite_and_a_tone(axis: str) -> None:
    for look in LOOKS[axis].values():
        assert look.icon in ICONS
        assert look.tone in {"plain", "accent", "ok", "warn", "bad", "info"}


def test_unknown_state_shows_its_own_word() -> None:
    assert look_of("revision", "strange").word == "strange"
