"""Which tests stay together on one worker: a hub is started once for a file and mode, on two workers twice."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]

MODES = ("embedded", "split")


class TogetherOrAlone(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own grouping by mark needs another pytest: since 9.2 marks do not reach a test's id."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """`tests/e2e/test_a.py split` for a test of a hub, the test's own id for any other."""
    file, _, rest = nodeid.partition("::")
    if not file.startswith("tests/e2e/"):
        return nodeid
    parameters = rest.partition("[")[2].removesuffix("]").split("-")
    return " ".join([file, *(mode for mode in MODES if mode in parameters)])
