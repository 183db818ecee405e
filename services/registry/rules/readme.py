"""A README to start from, made out of the document: what it says is filled in, what it cannot say is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from services.registry.rules.markdown import LONGEST_TEXT, block, code, inline, paragraphs, table
from services.registry.rules.record_rules import key_of
from shared.document import parse
from shared.launch_commands import launch_commands
from shared.model_facts import TITLES, Facts, Source, facts_of, hub_page, sources_of

ABILITIES: Mapping[str, str] = {
    "chat": "chat",
    "generate": "text completion",
    "tools": "tool calls",
    "vision": "reads images",
    "audio": "reads audio",
    "video": "reads video",
    "omni": "text, images, audio and video",
    "reasoning": "reasons before it answers",
    "hybrid": "reasoning can be switched on and off",
    "embed": "embeddings",
    "embed_vision": "embeds images",
    "embed_video": "embeds video",
    "embed_audio": "embeds audio",
    "rerank_vision": "ranks images",
    "rerank_video": "ranks video",
    "rerank_audio": "ranks audio",
    "text2image": "text to image",
    "image2image": "image to image",
    "inpainting": "fills in parts of an image",
    "ocr": "reads text in images",
    "docanalyze": "analyses documents",
    "audio2text": "speech to text",
    "text2audio": "text to speech",
    "text2audio_zero_shot": "speaks in a voice it is given",
    "text2audio_voice_cloning": "clones voices",
    "text2audio_voice_design": "designs voices from a description",
    "text2audio_emotion_control": "speaks with emotion",
    "text2music": "text to music",
    "speaker_embedding": "tells speakers apart",
    "text2video": "text to video",
    "image2video": "image to video",
    "firstlastframe2video": "video between two frames",
    "image2world": "a world from an image",
    "text2world": "a world from a text",
}
_NO_VALUE = "–"
MOST_ROWS = 300
MOST_LISTED = 100
"""Forms in the table, and values in one of its cells; the largest real model has 49 and 27."""


def readme_template(type_: str, text: str, *, name: str = "") -> str:
    """Markdown for the model of this document; raises Invalid where the text does not parse.

    A draft may lack anything: what is not there is left out. `name` is the model's where a document has none.
    """
    records = [record.value for record in parse(text).records]
    first = records[0] if records and isinstance(records[0], Mapping) else {}
    key = key_of(type_, first, name=name)
    facts = facts_of(type_, records, name=key if isinstance(key, str) else name)
    sources = sources_of(type_, records)
    parts = [
        f"# {inline(facts.name) or 'Name of the model'}",
        paragraphs(facts.description[:LONGEST_TEXT])
        or "*To fill in: what the model is, and what it is good at, in one to three sentences.*",
        _summary(type_, facts),
        *_forms(sources),
        *_launch(facts, sources),
        *_code_of(first),
        _LICENSE.format(license=inline(facts.license) or _ASK_LICENSE),
        _NOTES,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_ASK_LICENSE = "*To fill in: the licence of the weights, a link to its text, what it allows.*"
_LICENSE = "## License\n\n{license}"
_NOTES = """## Notes

*To fill in: what one should know before using it: hardware it was tried on, known limits, weak languages.*

*To fill in: where it comes from: the authors' page, the paper, how to cite it.*"""


def _summary(type_: str, facts: Facts) -> str:
    rows = [
        ("Type", TITLES.get(type_, inline(type_))),
        ("Abilities", ", ".join(_ability(each) for each in facts.abilities[:MOST_LISTED])),
        ("Languages", ", ".join(inline(each) for each in facts.languages[:MOST_LISTED])),
        ("Context length", f"{facts.context_length:,} tokens" if facts.context_length else ""),
        ("Dimensions", f"{facts.dimensions:,}" if facts.dimensions else ""),
        ("Sizes", ", ".join(f"{size:g}B" for size in facts.sizes_b[:MOST_LISTED])),
        ("Engines", ", ".join(inline(each) for each in facts.engines)),
    ]
    return "\n".join(f"- **{title}:** {value}" for title, value in rows if value)


def _ability(ability: str) -> str:
    told = ABILITIES.get(ability)
    return f"{code(ability)} ({told})" if told and told != ability else code(ability)


def _forms(sources: Sequence[Source]) -> Iterator[str]:
    """The table of forms: sources that differ in their hub alone share a row."""
    grouped: dict[tuple[Any, ...], list[Source]] = {}
    for source in sources:
        form = (source.name, source.engines, source.size, source.model_format, source.quantizations)
        grouped.setdefault((*form, source.gguf_quantizations), []).append(source)
    if not grouped:
        return
    yield "## Sizes, formats and sources"
    columns: list[tuple[str, Callable[[Source], str], bool]] = [
        ("Name", lambda s: inline(s.name), len({source.name for source in sources}) > 1),
        ("Size", lambda s: f"{s.size_b:g}B" if s.size_b else "", any(source.size for source in sources)),
        ("Format", lambda s: code(s.model_format), any(source.model_format for source in sources)),
        ("Quantizations", _quantizations, any(source.quantizations for source in sources)),
        ("GGUF", lambda s: _codes(s.gguf_quantizations), any(source.gguf_quantizations for source in sources)),
        ("Engines", lambda s: ", ".join(inline(each) for each in s.engines), True),
    ]
    used = [(title, cell) for title, cell, is_used in columns if is_used]
    rows = [
        [*(cell(group[0]) or _NO_VALUE for _, cell in used), "; ".join(map(_place, group[:MOST_LISTED]))]
        for group in islice(grouped.values(), MOST_ROWS)
    ]
    yield table([*(title for title, _ in used), "Sources"], rows)
    if len(grouped) > MOST_ROWS:
        yield f"…and {len(grouped) - MOST_ROWS} more: the document lists them all."


def _quantizations(source: Source) -> str:
    return _codes(source.quantizations)


def _codes(values: Sequence[str]) -> str:
    return ", ".join(code(value) for value in values[:MOST_LISTED])


def _place(source: Source) -> str:
    """The repositories of a source as links, and the revision that is loaded."""
    revision = f" at {code(source.revision)}" if source.revision and not source.floating else ""
    if len(source.repositories) != len(source.quantizations) or source.repositories == (source.model_id,):
        return f"{inline(source.hub)}: {_link(source.hub, source.model_id)}{revision}"
    each = zip(source.quantizations[:MOST_LISTED], source.repositories[:MOST_LISTED], strict=True)
    links = ", ".join(_link(source.hub, repository, text=name) for name, repository in each)
    return f"{inline(source.hub)}: {code(source.model_id)} ({links}){revision}"


def _link(hub: str, repository: str, *, text: str = "") -> str:
    page = hub_page(hub, repository)
    return f"[{inline(text or repository)}]({page})" if page else code(text or repository)


def _launch(facts: Facts, sources: Sequence[Source]) -> Iterator[str]:
    """One command for each engine, with the smallest form it can run."""
    if not sources:
        return
    yield "## Launch with Xinference"
    yield "Size, format and quantization are examples: take others from the table above."
    for command in launch_commands(facts, sources):
        yield f"### {inline(command.engine)}"
        yield block([" \\\n  ".join(command.words)], "bash")


def _code_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Where the code lies that a world model runs."""
    address, revision = record.get("source_url"), record.get("source_revision")
    if isinstance(address, str):
        at = f" at {code(revision)}" if isinstance(revision, str) else ""
        yield f"The model's code is fetched from {code(address)}{at}."
