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


def launch_build(facts: Facts, sources: Sequence[Source], *, quantization: str) -> tuple[LaunchCommand, ...]:
    """The commands for one quantization of one form, which `sources` are the places of; empty where none has it."""
    having = [source for source in sources if quantization in source.builds]
    engines = [engine for engine in facts.engines if any(engine in source.engines for source in having)]
    return tuple(
        LaunchCommand(engine=engine, words=_words(facts, source, engine, quantization))
        for engine in engines
        for source in [next(source for source in having if engine in source.engines)]
    )


def _words(facts: Facts, source: Source, engine: str, quantization: str = "") -> tuple[str, ...]:
    """Without a quantization asked for, the first that the source has."""
    wanted = quantization or source.builds[0]
    options = {
        "--model-name": source.name or facts.name or "NAME",
        "--model-type": "LLM" if facts.type == "llm" else facts.type,
        "--model-engine": engine,
        "--size-in-billions": source.size,
        "--model-format": source.model_format,
        "--quantization": wanted if source.quantizations else "",
        "--gguf_quantization": _gguf(source, wanted),
    }
    return ("xinference launch", *(f"{option} {shlex.quote(value)}" for option, value in options.items() if value))


def _gguf(source: Source, wanted: str) -> str:
    """Its option stands beside the other one's where a source has both kinds."""
    if not source.gguf_quantizations:
        return ""
    return wanted if wanted in source.gguf_quantizations else source.gguf_quantizations[0]
