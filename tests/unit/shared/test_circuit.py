"""When a service that does not answer is asked again."""

from __future__ import annotations

import pytest

from shared.circuit import Circuit
from shared.errors import Unavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit("registry", failures=3, pause_s=1.0, clock=clock)


def failed(circuit: Circuit, times: int) -> None:
    for _ in range(times):
        circuit.enter()
        circuit.failed()


def test_few_failures_keep_it_closed(circuit: Circuit) -> None:
    failed(circuit, 2)
    circuit.enter()


def test_failures_in_a_row_open_it(circuit: Circuit) -> None:
    failed(circuit, 3)
    with pytest.raises(Unavailable, match="its last 3 calls had none") as refused:
        circuit.enter()
    assert refused.value.error_slug == "service-unavailable"


def test_an_answer_between_failures_keeps_it_closed(circuit: Circuit) -> None:
    failed(circuit, 2)
    circuit.succeeded()
    failed(circuit, 2)
    circuit.enter()


def test_one_call_each_pause_finds_out(circuit: Circuit, clock: Clock) -> None:
    failed(circuit, 3)
    clock.now += 1.0
    circuit.enter()
    with pytest.raises(Unavailable):
        circuit.enter()
    clock.now += 1.0
    circuit.enter()


def test_an_answered_probe_closes_it(circuit: Circuit, clock: Clock) -> None:
    failed(circuit, 3)
    clock.now += 1.0
    circuit.enter()
    circuit.succeeded()
    circuit.enter()
    circuit.enter()


def test_a_failed_probe_waits_a_pause_more(circuit: Circuit, clock: Clock) -> None:
    failed(circuit, 3)
    clock.now += 1.0
    circuit.enter()
    clock.now += 0.5
    circuit.failed()
    clock.now += 0.9
    with pytest.raises(Unavailable):
        circuit.enter()
    clock.now += 0.1
    circuit.enter()
