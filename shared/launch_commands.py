"""How a model is started with Xinference: one command for each engine, with the smallest form it can run. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from shared.model_facts import Facts, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCommand:
    """`words` are the command's parts, each option with its value, ready to be joined by spaces or line ends."""

    engine: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.words)


def launch_commands(facts: Facts, sources: Sequence[Source]) -> tuple[LaunchCommand, ...]:
    """In the order of `facts.engines`; empty where no source says how the model is loaded."""
    smallest = sorted(sources, key=lambda source: source.size_b or 0)
    found = []
    for engine in facts.engines:
        source = next((each for each in smallest if engine in each.engines), None)
        if source is not None:
            found.append(LaunchCommand(engine=engine, words=_words(facts, source, engine)))
    return tuple(found)


def _words(facts: Facts, source: Source, engine: str) -> tuple[str, ...]:
    options = {
        "--model-name": source.name or facts.name or "NAME",
        "--model-type": "LLM" if facts.type == "llm" else facts.type,
        "--model-engine": engine,
        "--size-in-billions": source.size,
        "--model-format": source.model_format,
        "--quantization": source.quantizations[0] if source.quantizations else "",
        "--gguf_quantization": source.gguf_quantizations[0] if source.gguf_quantizations else "",
    }
    return ("xinference launch", *(f"{option} {shlex.quote(value)}" for option, value in options.items() if value))
