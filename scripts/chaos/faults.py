"""What is done to the hub, each with its end: when one returns, nothing holds it back any more."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator

from scripts.chaos.stage import Stage

Fault = Callable[[Stage], None]
PAUSE_S = 2.0
FROZEN_S = 7.0


def kill(name: str) -> Fault:
    def act(stage: Stage) -> None:
        stage.kill(name)

    return act


def freeze(name: str) -> Fault:
    """Longer than the session time-outs by which a leader or an active consumer is given up."""

    def act(stage: Stage) -> None:
        stage.freeze(name, signal.SIGSTOP)
        try:
            time.sleep(FROZEN_S)
        finally:
            stage.freeze(name, signal.SIGCONT)

    return act


def freeze_broker(stage: Stage) -> None:
    stage.rabbitmq.freeze()
    try:
        time.sleep(FROZEN_S)
    finally:
        stage.rabbitmq.resume()


def restart_broker(stage: Stage) -> None:
    stage.rabbitmq.kill()
    stage.rabbitmq.start()


def freeze_database(stage: Stage) -> None:
    process = stage.postgresql.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(PAUSE_S)
    finally:
        process.send_signal(signal.SIGCONT)


def restart_database(stage: Stage) -> None:
    stage.postgresql.stop()
    stage.postgresql.start()


def cut_broker(stage: Stage) -> None:
    stage.broker_proxy.cut()


def cut_database(stage: Stage) -> None:
    stage.database_proxy.cut()


def refuse_both(stage: Stage) -> None:
    stage.broker_proxy.refuse()
    stage.database_proxy.refuse()
    try:
        time.sleep(PAUSE_S)
    finally:
        stage.broker_proxy.accept()
        stage.database_proxy.accept()


def slow_both(stage: Stage) -> None:
    """A piece of a conversation takes a twentieth of a second more each way."""
    stage.broker_proxy.delay_s = stage.database_proxy.delay_s = 0.05
    try:
        time.sleep(2 * PAUSE_S)
    finally:
        stage.broker_proxy.delay_s = stage.database_proxy.delay_s = 0.0


def restore_catalog(stage: Stage) -> None:
    """Its database as it was at the run's beginning; the processes that use it die with it, as in a real restore."""
    with stage.without("catalog"):
        stage.restore("catalog", stage.folder / "catalog.dump")


def all_of(stage: Stage, chance: random.Random) -> dict[str, Fault]:
    """Every fault once, in an order of the run's own; the restore in the middle."""
    found: dict[str, Fault] = {f"kill -9 {name}": kill(name) for name in stage.processes}
    found |= {
        "SIGSTOP registry-1": freeze("registry-1"),
        "SIGSTOP pr_bot-1": freeze("pr_bot-1"),
        "SIGSTOP RabbitMQ": freeze_broker,
        "kill -9 and restart RabbitMQ": restart_broker,
        "SIGSTOP PostgreSQL": freeze_database,
        "restart PostgreSQL": restart_database,
        "cut connections to RabbitMQ": cut_broker,
        "cut connections to PostgreSQL": cut_database,
        "refuse connections to both": refuse_both,
        "delay connections to both": slow_both,
    }
    names = list(found)
    chance.shuffle(names)
    names.insert(len(names) // 2, "restore catalog's database")
    found["restore catalog's database"] = restore_catalog
    return {name: found[name] for name in names}


def endless(stage: Stage, chance: random.Random) -> Iterator[tuple[str, Fault]]:
    while True:
        yield from all_of(stage, chance).items()
