from __future__ import annotations

import pytest

from shared.contracts.registry import Lifecycle
from shared.contracts.wire import load
from shared.errors import Invalid


@pytest.mark.parametrize("reason", ["", " ", "\n\t ", "\u3000"])
def test_a_reason_of_blanks_is_none(reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(Lifecycle, {"name": "tiny", "reason": reason})
    assert refused.value.details["errors"][-1] == {"path": "/reason", "message": "Say why."}


def test_a_reason_is_kept_as_it_was_written() -> None:
    assert load(Lifecycle, {"name": "tiny", "reason": "\n too old "}).reason == "\n too old "
