"""Plausible models by the thousand, always the same ones for a seed; for benchmarks and histories."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from shared.event_store.interface import EventStore, Metadata, NewEvent
from shared.events.registry import ModelImported, ModelPublished, ModelUpdated

NAMESPACE = UUID("0d6f7d0e-9c1f-5d0b-8a39-1f5a4b1d7c22")
_FAMILIES = (
    *("qwen2.5", "qwen3", "glm-4", "deepseek-v3", "llama-3.1", "mistral", "gemma-3", "phi-4", "yi-1.5", "baichuan2"),
    *("internlm3", "minicpm", "falcon", "command-r", "seed-oss", "ernie-4.5", "hunyuan", "granite", "olmo2", "jamba"),
)
_FLAVOURS = ("instruct", "chat", "base", "coder", "math", "vl", "reasoning", "distill", "long", "mini")
_TOPICS = ("legal", "medical", "finance", "education", "roleplay", "translation", "search", "agent", "safety", "travel")
_CHINESE = ("通义千问大模型", "智谱清言对话", "多语言嵌入模型", "文本生成图像", "语音识别", "代码助手", "长文本理解")
_ABILITIES = ("chat", "generate", "tools", "vision", "reasoning", "hybrid", "audio", "omni")
_LANGUAGES = ("en", "zh", "de", "fr", "es", "ja", "ko", "ru", "pt", "it")
_FORMATS = ("pytorch", "gptq", "awq", "fp8", "bnb", "mlx")
_QUANTIZATIONS = {
    "pytorch": ["none"],
    "gptq": ["Int4", "Int8"],
    "awq": ["Int4"],
    "fp8": ["FP8"],
    "bnb": ["4-bit"],
    "mlx": ["4bit", "8bit"],
}
_SIZES = (1, 2, 3, 4, 7, 8, 9, 13, 14, 27, 32, 34, 70, 72, 110, 235, 405, "0_5", "1_5", "1_8")
_TYPES = ("llm", "llm", "llm", "llm", "embedding", "rerank")
_TRANSACTION = 1000
_TOGETHER = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedModel:
    """A model that registry would take: `document` is one record's JSON text."""

    name: str
    type: str
    document: str
    readme: str


def generated_models(count: int, *, seed: int = 1) -> Iterator[GeneratedModel]:
    """`count` models with names of their own, about 20 microseconds each."""
    chance = random.Random(seed)
    for number in range(count):
        kind = chance.choice(_TYPES)
        family, flavour, topic = chance.choice(_FAMILIES), chance.choice(_FLAVOURS), chance.choice(_TOPICS)
        name = f"{family}-{topic}-{flavour}-{number}"
        record = _record(chance, kind, name)
        text = f"{family} tuned for {topic}, {flavour} variant. {chance.choice(_CHINESE)}。"
        record["model_description"] = text
        readme = f"# {name}\n\n{text}\n\nTrained on {chance.choice(_TOPICS)} and {chance.choice(_TOPICS)} data.\n"
        yield GeneratedModel(name=name, type=kind, document=json.dumps(record, ensure_ascii=False), readme=readme)


def _record(chance: random.Random, kind: str, name: str) -> dict[str, Any]:
    stamp = {"updated_at": 1_700_000_000 + chance.randrange(60_000_000)}
    if kind == "llm":
        return {
            "version": 2,
            "context_length": chance.choice((4096, 8192, 32768, 131072)),
            "model_name": name,
            "model_lang": chance.sample(_LANGUAGES, chance.randint(1, 3)),
            "model_ability": chance.sample(_ABILITIES, chance.randint(1, 3)),
            "model_specs": [_spec(chance, name) for _ in range(chance.randint(1, 3))],
            **stamp,
        }
    sizes = {"dimensions": chance.choice((384, 768, 1024)), "max_tokens": 512} if kind == "embedding" else {}
    specs = [{"model_format": "pytorch", "model_src": _sources(chance, name, ["none"])}]
    return {"version": 2, "model_name": name, **sizes, "language": ["en", "zh"], "model_specs": specs, **stamp}


def _spec(chance: random.Random, name: str) -> dict[str, Any]:
    model_format = chance.choice(_FORMATS)
    return {
        "model_format": model_format,
        "model_size_in_billions": chance.choice(_SIZES),
        "model_src": _sources(chance, name, _QUANTIZATIONS[model_format]),
    }


def _sources(chance: random.Random, name: str, quantizations: list[str]) -> dict[str, Any]:
    hubs = ("huggingface", "modelscope")[: chance.randint(1, 2)]
    return {
        hub: {"quantizations": quantizations, "model_id": f"someone/{name}", "model_revision": "main"} for hub in hubs
    }


def append_imported(store: EventStore, models: Iterable[GeneratedModel]) -> int:
    """Each model as an import of its own in registry's log, many in a transaction; answers how many."""
    return _append(store, ((model.name, 0, [_imported(model, order=order)]) for order, model in enumerate(models)))


def append_lived(store: EventStore, models: Sequence[GeneratedModel], *, changes: int) -> int:
    """Imports as above, each fifty followed by rounds in which each of them is changed and published.

    Answers how many events; any part of the log holds every kind of them.
    """
    return _append(store, _lives(models, changes))


def _lives(models: Sequence[GeneratedModel], changes: int) -> Iterator[tuple[str, int, Sequence[Any]]]:
    for first in range(0, len(models), _TOGETHER):
        together = models[first : first + _TOGETHER]
        for order, model in enumerate(together, start=first):
            yield model.name, 0, [_imported(model, order=order)]
        for change in range(changes):
            for model in together:
                yield model.name, 1 + 2 * change, _changed(model, revision=2 + change)


def _append(store: EventStore, happened: Iterable[tuple[str, int, Sequence[Any]]]) -> int:
    """(name, version before, events) each; many in a transaction."""
    waiting, appended = iter(happened), 0
    while batch := list(islice(waiting, _TRANSACTION)):
        with store.transaction() as connection:
            for name, version, events in batch:
                stream = f"model-{name.lower()}"
                new = [
                    NewEvent(
                        event_id=str(uuid5(NAMESPACE, f"{stream}/{version + number}")),
                        event=event,
                        metadata=Metadata(correlation_id=stream, causation_id=stream, actor="system:import"),
                    )
                    for number, event in enumerate(events)
                ]
                store.append(stream, expected_version=version, events=new, connection=connection)
                appended += len(new)
    return appended


def _changed(model: GeneratedModel, *, revision: int) -> list[Any]:
    """A new description, submitted and published."""
    record = {**json.loads(model.document), "model_description": f"Text {revision} of {model.name}."}
    document = json.dumps(record, ensure_ascii=False)
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    updated = ModelUpdated(
        model_name=model.name,
        model_type=model.type,
        revision=revision,
        base_revision=revision - 1,
        document=document,
        document_sha256=sha256,
        readme=model.readme,
        visibility="public",
        message="",
        submitter="someone",
    )
    published = ModelPublished(
        model_name=model.name,
        model_type=model.type,
        revision=revision,
        document_sha256=sha256,
        visibility="public",
        reviewer="somebody",
    )
    return [updated, published]


def _imported(model: GeneratedModel, *, order: int) -> ModelImported:
    return ModelImported(
        model_name=model.name,
        model_type=model.type,
        revision=1,
        base_revision=0,
        document=model.document,
        document_sha256=hashlib.sha256(model.document.encode()).hexdigest(),
        readme=model.readme,
        visibility="public",
        message="",
        submitter="upstream",
        origin="generated",
        order=order,
    )
