"""Who has which value, as one bit a model: counting a facet is an `and` and a population count.

Python's integers do both in C, a hundred thousand models in microseconds; no facet of a question
costs more than the number of its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Terms = Mapping[str, Iterable[str]]
"""{field: the values a model has in it}."""
Numbers = Mapping[str, Iterable[int]]
"""{field: the numbers a model has in it}."""

_FEW = 64


class _Column:
    """The models that have one value; the integer is made anew after changes, when it is asked for."""

    __slots__ = ("_bits", "_bytes")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._bits: int | None = 0

    def put(self, slot: int) -> None:
        at = slot >> 3
        if at >= len(self._bytes):
            self._bytes.extend(bytes(max(_FEW, at // 8) + at - len(self._bytes)))
        self._bytes[at] |= 1 << (slot & 7)
        self._bits = None

    def take(self, slot: int) -> None:
        self._bytes[slot >> 3] &= ~(1 << (slot & 7)) & 0xFF
        self._bits = None

    @property
    def bits(self) -> int:
        if self._bits is None:
            self._bits = int.from_bytes(self._bytes, "little")
        return self._bits


class Bits:
    """Every model's values by its slot, a small number that it keeps. Callers take turns: it has no lock."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._terms: list[dict[str, tuple[str, ...]]] = []
        self._columns: dict[str, dict[str, _Column]] = {}
        self._numbers: dict[str, dict[int, _Column]] = {}
        self._numbers_of: list[tuple[tuple[str, int], ...]] = []

    def slot(self, model: str) -> int:
        """The model's number; a new one for a model not seen before."""
        found = self._slots.setdefault(model, len(self._slots))
        if found == len(self._terms):
            self._terms.append({})
            self._numbers_of.append(())
        return found

    def put(self, slot: int, terms: Terms, numbers: Numbers) -> None:
        """These are the model's values from now on."""
        for field, values in self._terms[slot].items():
            for value in values:
                self._columns[field][value].take(slot)
        for name, number in self._numbers_of[slot]:
            self._numbers[name][number].take(slot)
        kept = {field: tuple(values) for field, values in terms.items()}
        self._terms[slot] = kept
        self._numbers_of[slot] = tuple((name, number) for name, held in numbers.items() for number in held)
        for field, values in kept.items():
            columns = self._columns.setdefault(field, {})
            for value in values:
                columns.setdefault(value, _Column()).put(slot)
        for name, number in self._numbers_of[slot]:
            self._numbers.setdefault(name, {}).setdefault(number, _Column()).put(slot)

    def everything(self) -> int:
        """All models."""
        return (1 << len(self._slots)) - 1

    def any_of(self, field: str, values: Iterable[str]) -> int:
        """The models that have one of the values."""
        columns = self._columns.get(field, {})
        found = 0
        for value in values:
            if value in columns:
                found |= columns[value].bits
        return found

    def all_of(self, field: str, values: Iterable[str]) -> int:
        """The models that have each of the values."""
        found = self.everything()
        for value in values:
            found &= self.any_of(field, (value,))
        return found

    def between(self, field: str, low: int | None, high: int | None) -> int:
        """The models that have a number from `low` to `high`, both included."""
        found = 0
        for number, column in self._numbers.get(field, {}).items():
            if (low is None or low <= number) and (high is None or number <= high):
                found |= column.bits
        return found

    def of_slots(self, slots: Sequence[int]) -> int:
        """These models."""
        held = bytearray((len(self._slots) >> 3) + 1)
        for slot in slots:
            held[slot >> 3] |= 1 << (slot & 7)
        return int.from_bytes(held, "little")

    def counts(self, field: str, among: int) -> list[tuple[str, int]]:
        """(value, how many of `among` have it), those that none has left out; the most frequent first."""
        columns = self._columns.get(field, {})
        counted = [(value, (column.bits & among).bit_count()) for value, column in columns.items()]
        return sorted(((value, count) for value, count in counted if count), key=lambda item: (-item[1], item[0]))
