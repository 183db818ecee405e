from __future__ import annotations

from tests.support.grouping import group_of


def test_tests_of_one_hub_stay_together() -> None:
    split = group_of("tests/e2e/test_a.py::test_one[split-get-/models]")
    assert split == group_of("tests/e2e/test_a.py::test_two[split]")
    assert split != group_of("tests/e2e/test_a.py::test_two[embedded]")
    assert split != group_of("tests/e2e/test_b.py::test_two[split]")
    assert group_of("tests/e2e/test_c.py::test_one") == group_of("tests/e2e/test_c.py::test_two[en-browse]")


def test_every_other_test_goes_wherever_there_is_time() -> None:
    one, other = (group_of(f"tests/unit/test_a.py::test_{name}[split]") for name in ("one", "two"))
    assert one != other
