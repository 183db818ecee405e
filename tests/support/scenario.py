"""given(events).when(command).then(events) for deciders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

import pytest

State = TypeVar("State")


@dataclass
class Scenario(Generic[State]):
    """A decider's stream so far; `when` decides on it."""

    state: State
    evolve: Callable[[State, Any], State]
    decided: Sequence[Any] = ()
    error: Exception | None = None

    def given(self, *events: Any) -> Scenario[State]:
        return Scenario(reduce(self.evolve, events, self.state), self.evolve)

    def when(self, decide: Callable[..., Sequence[Any]], **arguments: Any) -> Scenario[State]:
        try:
            return Scenario(self.state, self.evolve, decide(self.state, **arguments))
        except Exception as error:
            return Scenario(self.state, self.evolve, (), error)

    def then(self, *events: Any) -> None:
        assert self.error is None, f"refused: {self.error!r}"
        assert list(self.decided) == list(events)

    def then_types(self, *types: type) -> Sequence[Any]:
        assert self.error is None, f"refused: {self.error!r}"
        assert [type(event) for event in self.decided] == list(types)
        return self.decided

    def fails(self, kind: type[Exception], text: str = "") -> None:
        assert self.error is not None, f"decided {self.decided!r}"
        with pytest.raises(kind, match=text or None):
            raise self.error

    @property
    def after(self) -> State:
        assert self.error is None, f"refused: {self.error!r}"
        return reduce(self.evolve, self.decided, self.state)
