"""The same act again and again by several threads at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from scripts.bench.serving import Measured, measured


def at_once(act: Callable[[int, int], Any], *, threads: int, count: int, first: int = 0) -> Measured:
    """`act(thread, number)`, `count` times in all; each thread's `first` calls come before and are not measured.

    The CPU time is this process's own.
    """
    taken: list[list[float]] = [[] for _ in range(threads)]
    start = threading.Barrier(threads + 1)
    each = max(1, count // threads)

    def work(thread: int) -> None:
        try:
            for number in range(first):
                act(thread, number)
        finally:
            start.wait()
        for number in range(first, first + each):
            before = time.perf_counter()
            act(thread, number)
            taken[thread].append((time.perf_counter() - before) * 1000)

    started_threads = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for thread in started_threads:
        thread.start()
    start.wait()
    started, cpu = time.perf_counter(), time.process_time()
    for thread in started_threads:
        thread.join()
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    times = sorted(time_ms for of_thread in taken for time_ms in of_thread)
    if len(times) != threads * each:
        raise RuntimeError(f"expected {threads * each} calls to be over, found {len(times)}; a thread failed")
    return measured(times, seconds=seconds, cpu_s=used)
