from __future__ import annotations

import pytest

from gateway.feed_cache import takes_gzip


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip, deflate, br", True),
        ("br;q=0, gzip", True),
        ("gzip;q=0.5", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken
