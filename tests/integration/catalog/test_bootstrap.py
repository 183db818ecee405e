from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from services.catalog.bootstrap import build
from shared.calls import in_process
from shared.config import from_environment
from shared.contracts import catalog as contract
from shared.contracts.catalog import Catalog
from shared.contracts.common import Empty, Service
from shared.service import Calls, LogService
from tests.support.catalog import EVERYONE, OPERATOR, OWNER, _answers
from tests.support.histories import History
from tests.support.rich_history import MODELS, write


def calls_to(history: History) -> Calls:
    """The logs of the four services behind the in-process carrier."""
    logs = {
        name: in_process(name, Service, LogService(name=name, store=store, types=history.types[name]))  # type: ignore[type-abstract]
        for name, store in history.stores.items()
    }
    return Calls(**cast(dict[str, Any], logs), catalog=cast(Any, None))


def test_built_catalog_reads_the_logs_and_answers_over_the_wire_codec(history: History, tmp_path: Path) -> None:
    write(history)
    settings = from_environment({"HUB_DATA_DIR": str(tmp_path)})
    built = build(settings, calls_to(history), now=lambda: history.now)
    catalog = in_process("catalog", Catalog, built.application, in_transaction=built.database.in_transaction)  # type: ignore[type-abstract]
    try:
        for work in built.background:
            work.start()
        positions = {name: store.head()[0] for name, store in history.stores.items()}
        request = contract.FindMyModels(min_position=",".join(f"{name}:{at}" for name, at in positions.items()))
        mine = catalog.my_models(request, OWNER)
        assert not mine.stale
        assert {row.summary.name for row in mine.items} > {"pub", "drafted"}
        for caller in EVERYONE.values():
            for label, answer in _answers(cast(Any, catalog), MODELS[:3], caller):
                json.dumps({label: answer})
        operations = catalog.operations(Empty(), OPERATOR)
        assert {state.source: state.position for state in operations.subscriptions} == positions
        assert {state.lag for state in operations.subscriptions} == {0}
        assert operations.figures["generation"] == 1
    finally:
        for work in built.background:
            work.stop()
        built.database.close()


def test_subscriptions_of_the_answer_follow_the_served_generation(history: History, tmp_path: Path) -> None:
    history.publish("m")
    settings = from_environment({"HUB_DATA_DIR": str(tmp_path)})
    built = build(settings, calls_to(history), now=lambda: history.now)
    try:
        registry = next(reader for reader in built.subscriptions if reader.source == "registry")
        assert registry.catch_up() == registry.position() == 2
        built.application._generations.rebuild().join(60)
        history.publish("n")
        registry.catch_up()
        assert built.application.models(contract.FindModels(), OWNER).total == 2
        assert registry.status().lag == 0
    finally:
        built.database.close()
