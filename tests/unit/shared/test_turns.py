from __future__ import annotations

import threading

from shared.turns import Turns
from tests.support.polling import eventually


def test_one_goes_at_a_time_and_the_first_ones_before_all_that_wait() -> None:
    turns, order = Turns(), list[str]()
    begun, go_on = threading.Event(), threading.Event()

    def take(name: str, *, first: bool) -> None:
        with turns.taken(first=first):
            order.append(name)
            if name == "begun":
                begun.set()
                go_on.wait(10)
            order.append(name)

    threads = [threading.Thread(target=take, args=("begun",), kwargs={"first": False})]
    threads[0].start()
    assert begun.wait(10)
    for name, first in (("late", False), ("first", True)):
        threads.append(threading.Thread(target=take, args=(name,), kwargs={"first": first}))
        threads[-1].start()
        eventually(lambda: turns.waiting == len(threads) - 1)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert order == ["begun", "begun", "first", "first", "late", "late"]
