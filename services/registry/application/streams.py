"""How a model's name becomes its stream."""

from __future__ import annotations


def stream_of(name: str) -> str:
    """A model's id is its lower-cased name."""
    return f"model-{name.lower()}"
