"""How much memory of accelerators a build of a model wants, estimated from its size and its quantization. Pure.

gigabytes = billions of parameters x bits of a parameter / 8 x 1.2. What is quantized takes half a bit more than
its name says, for scales and for the layers that stay whole; the fifth on top is for the context and the runtime.
All parameters count, also those of a mixture of experts that uses few of them at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

MORE_FOR_SCALES_BITS = 0.5
MORE_FOR_CONTEXT = 1.2
FULL_BITS = 16.0
MEMORIES_GB = (8, 16, 24, 48, 80, 160, 640)
"""What people have: one card, two, a machine of eight."""
_FORMAT_BITS = {"fp8": 8.0, "fp4": 4.0, "gptq": 4.0, "awq": 4.0, "bnb": 4.0}
"""Where the quantization's name holds no number."""
_NAMED_BITS = re.compile(
    r"(?<![a-z0-9])(?:bf|fp|f|mxfp|nvfp|float|int|i?q|tq)(\d{1,2})(?![0-9])|(?<![a-z0-9])(\d{1,2})-?bits?",
    re.IGNORECASE,
)


def bits_per_parameter(model_format: str, quantization: str) -> float:
    """What a parameter takes; where a name says several, as mixtures do, the most of them."""
    named = [int(one or other) for one, other in _NAMED_BITS.findall(quantization)]
    bits = float(max(named)) if named else _FORMAT_BITS.get(model_format, FULL_BITS)
    return bits if bits >= FULL_BITS else bits + MORE_FOR_SCALES_BITS


@lru_cache(maxsize=4096)
def memory_gb(size_b: float, model_format: str, quantization: str) -> float:
    """Gigabytes of 10^9 bytes for a model of `size_b` billion parameters, rounded up to a tenth."""
    gigabytes = size_b * bits_per_parameter(model_format, quantization) / 8 * MORE_FOR_CONTEXT
    return math.ceil(round(gigabytes * 10, 6)) / 10


def least_memory_gb(builds: Iterable[tuple[float | None, str, str]]) -> float:
    """What the most frugal of them wants, each (size in billions, format, quantization); 0 where none says its size."""
    known = {(size_b, name, quantization) for size_b, name, quantization in builds if size_b is not None}
    return min((memory_gb(size_b, name, quantization) for size_b, name, quantization in known), default=0.0)
