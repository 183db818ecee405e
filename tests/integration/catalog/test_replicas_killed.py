"""Replicas that are killed in whatever they do leave a database from which the others go on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shared.contracts import catalog as contract
from tests.integration.catalog.replicas import Replicas, doing, eventually
from tests.support.catalog import ANONYMOUS, all_pages, catalog_over
from tests.support.histories import History
from tests.support.real_data import PROJECT
from tests.support.rich_history import MODELS, write
from tests.support.servers import postgresql

ROUNDS = 3


@contextmanager
def replica_process(folder: Path, url: str, seed: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.support.catalog_replica", str(folder), url, str(seed)]
    with (folder / "replicas.log").open("a") as log:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_killed_and_frozen_replicas_cost_nothing(history: History, tmp_path: Path, backend: str) -> None:
    chance = random.Random(5)
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'catalog'}.db"
        if backend == "postgresql":
            url = stack.enter_context(postgresql().database())
        replicas = Replicas(history, url, stack)
        here = replicas.started(now=time.time)

        def read() -> None:
            here.application.models(contract.FindModels(), ANONYMOUS)
            here.application.feed(contract.ReadFeed(type="llm"), ANONYMOUS)

        with doing(read) as failures:
            for round_ in range(ROUNDS):
                with ExitStack() as pair:
                    processes = [
                        pair.enter_context(replica_process(tmp_path, url, round_ * 2 + number)) for number in range(2)
                    ]
                    for process in processes:
                        assert process.stdout is not None
                        assert process.stdout.readline() == "serves\n", (tmp_path / "replicas.log").read_text()
                    for number in range(20):
                        history.publish(f"r{round_}-{number}")
                        if number == 10:
                            processes[0].send_signal(signal.SIGSTOP)
                    time.sleep(chance.random() / 2)
                    processes[0].send_signal(signal.SIGCONT)
                    time.sleep(chance.random() / 5)
                    assert [process.poll() for process in processes] == [None, None]
        assert failures == []
        write(history)
        wanted = {source: store.head()[0] for source, store in history.stores.items()}
        eventually(lambda: here.generations.served.reached(wanted), what="all is applied")
        eventually(lambda: not here.generations.rebuilding, what="whoever was building is taken for dead")
        with catalog_over(history, tmp_path, "expected") as alone:
            expected = all_pages(alone.catch_up(), MODELS)
        here.generations.look()
        here.generations.served.current(look=True)
        assert all_pages(here.application, MODELS) == expected
