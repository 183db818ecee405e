"""A document as a form: which fields each type has, as its schema says, and what the text says in each of them. Pure.

A field's name is its place, `f:<JSON Pointer>`. What a field cannot hold is `fixed`: shown, and left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.form_values import Kind, expressible, shown
from shared.document import parse, pointer_of
from shared.document.changes import name_of_spec, name_of_variant
from shared.errors import Invalid
from shared.model_engines import engines_by_format, ordered

HUBS = ("huggingface", "modelscope", "openmind_hub", "csghub")
VARIED = ("audio", "video")
"""Types of which one model may be several records, one for each engine."""
FIRST = (
    *("model_name", "model_family", "engine", "model_format", "quantization", "context_length", "dimensions"),
    *("max_tokens", "type", "inference_task", "inference_mode", "model_size_in_billions"),
    *("activated_size_in_billions", "model_id", "model_revision", "quantizations", "model_description"),
    *("model_ability", "model_lang", "language", "multilingual", "source_url", "source_revision"),
)
"""The basic information, in the order it is asked for."""
NOT_ASKED = frozenset({"version", "updated_at", "featured", "is_built_in", "is_builtin"})
AREAS = frozenset({"model_description", "chat_template"})
LINES = frozenset({"stop", "auxiliary_model_allow_patterns"})
Level = Literal["record", "spec", "source"]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """`value` is the text in the box; of chips, `items` are those ticked and `choices` those known."""

    pointer: str
    key: str
    kind: Kind
    value: str = ""
    items: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    title: str = ""
    is_required: bool = False
    was: Any = None

    @property
    def name(self) -> str:
        return f"f:{self.pointer}"

    @property
    def more_name(self) -> str:
        """Where further chips are typed; sent with every form, which tells that none are ticked."""
        return f"f+:{self.pointer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSource:
    hub: str
    pointer: str
    fields: tuple[FormField, ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSpec:
    """`engines` can launch it; `free_hubs` have no source yet."""

    pointer: str
    title: str
    fields: tuple[FormField, ...]
    sources: tuple[FormSource, ...]
    free_hubs: tuple[str, ...]
    engines: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRecord:
    """`kept` names the members that no field shows. A record has forms (`specs`), or sources of its own."""

    pointer: str
    title: str
    basic: tuple[FormField, ...]
    more: tuple[FormField, ...]
    specs: tuple[FormSpec, ...]
    sources: tuple[FormSource, ...]
    free_hubs: tuple[str, ...]
    has_specs: bool
    has_sources: bool
    engines: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def fields(self) -> tuple[FormField, ...]:
        specs = [field for spec in self.specs for field in (*spec.fields, *_fields_of(spec.sources))]
        return (*self.basic, *self.more, *specs, *_fields_of(self.sources))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForm:
    """`records` is empty where the text cannot be read."""

    type: str
    records: tuple[FormRecord, ...] = ()

    @property
    def varies(self) -> bool:
        return self.type in VARIED

    @property
    def fields(self) -> tuple[FormField, ...]:
        return tuple(field for record in self.records for field in record.fields)


def model_form(model_type: str, text: str, *, schema: Schema) -> ModelForm:
    """The form of a document; of a blank one, of the record it will begin with."""
    try:
        root = parse(text if text.strip() else new_text(schema)).value
    except Invalid:
        return ModelForm(type=model_type)
    if not isinstance(root, list):
        return ModelForm(type=model_type, records=(_record(model_type, schema, root, pointer=""),))
    records = tuple(_record(model_type, schema, record, pointer=f"/{number}") for number, record in enumerate(root))
    return ModelForm(type=model_type, records=records)


def new_text(schema: Schema) -> str:
    """What a document begins with: the version, and one form and source to fill in."""
    record: dict[str, Any] = {}
    if version := properties(schema, "record").get("version", {}).get("const"):
        record["version"] = version
    if "model_specs" in _record_schema(schema).get("required", ()):
        record["model_specs"] = [new_spec(schema)]
    else:
        record["model_src"] = {HUBS[0]: new_source(schema)}
    return json.dumps(record, indent=2) + "\n"


def new_spec(schema: Schema) -> dict[str, Any]:
    formats = properties(schema, "spec").get("model_format", {}).get("enum", ())
    spec: dict[str, Any] = {"model_format": formats[0]} if formats else {}
    return {**spec, "model_src": {HUBS[0]: new_source(schema)}}


def new_source(schema: Schema, beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A source to fill in; builds and file names as the source `beside` it has them."""
    shape = _source_schema(schema)
    alike = ("quantizations", "model_file_name_template")
    found = {key: value for key, value in (beside or {}).items() if key in alike}
    if "quantizations" in shape.get("required", ()):
        found.setdefault("quantizations", ["none"])
    return found


def properties(schema: Schema, level: Level) -> Mapping[str, Any]:
    """The members the schema names at a level, in its order."""
    shape = {"record": _record_schema, "spec": _spec_schema, "source": _source_schema}[level](schema)
    found: Mapping[str, Any] = shape.get("properties", {})
    return found


def _record_schema(schema: Schema) -> Schema:
    found: Schema = schema.get("$defs", {}).get("record", {})
    return found


def _spec_schema(schema: Schema) -> Schema:
    found: Schema = _record_schema(schema).get("properties", {}).get("model_specs", {}).get("items", {})
    return found


def _source_schema(schema: Schema) -> Schema:
    for holder in (_spec_schema(schema), _record_schema(schema)):
        found: Schema = holder.get("properties", {}).get("model_src", {}).get("additionalProperties", {})
        if found:
            return found
    return {}


def _record(model_type: str, schema: Schema, record: Mapping[str, Any], *, pointer: str) -> FormRecord:
    fields = _fields(_record_schema(schema), record, level="record", pointer=pointer)
    engines = engines_by_format(model_type, record)
    specs = _specs(schema, record, pointer=pointer, engines=engines)
    has_specs = bool(specs) or "model_specs" in _record_schema(schema).get("required", ())
    sources = _sources(schema, record, pointer=f"{pointer}/model_src")
    has_sources = bool(sources) or not has_specs
    known = {field.key for field in fields} | ({"model_specs"} if specs else set()) | {"model_src"}
    return FormRecord(
        pointer=pointer,
        title=name_of_variant(record),
        basic=_first([field for field in fields if _is_basic(field)]),
        more=tuple(field for field in fields if not _is_basic(field)),
        specs=specs,
        sources=sources,
        free_hubs=_free(sources) if has_sources else (),
        has_specs=has_specs,
        has_sources=has_sources,
        engines=ordered(engine for spec in specs for engine in spec.engines)
        or engines(str(record.get("model_format", ""))),
        kept=_kept(record, known),
    )


def _specs(
    schema: Schema, record: Mapping[str, Any], *, pointer: str, engines: Callable[[str], tuple[str, ...]]
) -> tuple[FormSpec, ...]:
    found = record.get("model_specs")
    return tuple(
        _spec(schema, spec, pointer=f"{pointer}/model_specs/{number}", engines=engines)
        for number, spec in enumerate(found if isinstance(found, list) else [])
        if isinstance(spec, Mapping)
    )


def _spec(
    schema: Schema, spec: Mapping[str, Any], *, pointer: str, engines: Callable[[str], tuple[str, ...]]
) -> FormSpec:
    fields = _fields(_spec_schema(schema), spec, level="spec", pointer=pointer)
    sources = _sources(schema, spec, pointer=f"{pointer}/model_src")
    used = [field for field in fields if field.key in FIRST or field.was is not None]
    return FormSpec(
        pointer=pointer,
        title=name_of_spec(spec),
        fields=(*_first(used), *(field for field in used if field.key not in FIRST)),
        sources=sources,
        free_hubs=_free(sources),
        engines=engines(str(spec.get("model_format", ""))),
        kept=_kept(spec, {field.key for field in fields} | {"model_src"}),
    )


def _sources(schema: Schema, holder: Mapping[str, Any], *, pointer: str) -> tuple[FormSource, ...]:
    found = holder.get("model_src")
    if not isinstance(found, Mapping):
        return ()
    asked = {"model_file_name_template"} if holder.get("model_format") == "ggufv2" else set[str]()
    return tuple(
        _source(schema, source, hub=hub, pointer=pointer + pointer_of([hub]), asked=asked)
        for hub, source in found.items()
        if isinstance(source, Mapping)
    )


def _source(schema: Schema, source: Mapping[str, Any], *, hub: str, pointer: str, asked: set[str]) -> FormSource:
    fields = _fields(_source_schema(schema), source, level="source", pointer=pointer)
    used = [field for field in fields if field.key in FIRST or field.key in asked or field.was is not None]
    kept = _kept(source, {field.key for field in fields})
    return FormSource(
        hub=hub,
        pointer=pointer,
        fields=(*_first(used), *(field for field in used if field.key not in FIRST)),
        kept=kept,
    )


def _fields(shape: Schema, holder: Mapping[str, Any], *, level: Level, pointer: str) -> list[FormField]:
    required = shape.get("required", ())
    found = []
    for key, member in shape.get("properties", {}).items():
        # Of a spec the loaders take them from the sources.
        if key in NOT_ASKED or (level == "spec" and key == "quantizations"):
            continue
        kind = _kind(key, member, level=level)
        if kind is not None:
            place = pointer + pointer_of([key])
            is_required = key in required
            found.append(_field(place, member, key=key, kind=kind, value=holder.get(key), is_required=is_required))
    return found


def _field(pointer: str, member: Schema, *, key: str, kind: Kind, value: Any, is_required: bool) -> FormField:
    if not expressible(kind, value):
        kind = "fixed"
    elif kind == "text" and isinstance(value, str) and "\n" in value:
        kind = "area"
    items = tuple(value) if kind == "chips" and value is not None else ()
    return FormField(
        pointer=pointer,
        key=key,
        kind=kind,
        value=shown(kind, value),
        items=items,
        choices=tuple(dict.fromkeys((*items, *_choices(member)))),
        title=str(member.get("title", key)),
        is_required=is_required,
        was=value,
    )


def _kind(key: str, member: Schema, *, level: Level) -> Kind | None:
    """None for what only the JSON can say."""
    named = member.get("type", ())
    types = {named} if isinstance(named, str) else set(named)
    if "enum" in member:
        return "choice"
    if "array" in types:
        return _list_kind(key, member.get("items", {}), level=level) if "string" not in types else None
    if {"integer", "string"} <= types:
        return "size"
    for type_, kind in _SCALARS.items():
        if type_ in types:
            return "area" if key in AREAS else kind
    return None


_SCALARS: Mapping[str, Kind] = {"boolean": "flag", "integer": "whole", "string": "text"}


def _list_kind(key: str, items: Schema, *, level: Level) -> Kind | None:
    if items.get("type") == "integer":
        return "numbers"
    if items.get("type") != "string":
        return None
    if key in LINES:
        return "lines"
    return "chips" if level == "record" and ("enum" in items or "examples" in items) else "words"


def _choices(member: Schema) -> list[str]:
    """What may stand there, or usually does."""
    items = member.get("items", {})
    found = member.get("enum") or items.get("enum") or items.get("examples") or member.get("examples") or []
    return [value for value in found if isinstance(value, str)]


def _is_basic(field: FormField) -> bool:
    """A family tells what code runs the model, where its type has several; elsewhere hardly anybody names one."""
    return field.key in FIRST and (field.key != "model_family" or field.is_required or field.was is not None)


def _first(fields: Sequence[FormField]) -> tuple[FormField, ...]:
    return tuple(sorted((field for field in fields if field.key in FIRST), key=lambda each: FIRST.index(each.key)))


def _fields_of(sources: Sequence[FormSource]) -> list[FormField]:
    return [field for source in sources for field in source.fields]


def _free(sources: Sequence[FormSource]) -> tuple[str, ...]:
    taken = {source.hub for source in sources}
    return tuple(hub for hub in HUBS if hub not in taken)


def _kept(holder: Mapping[str, Any], known: set[str]) -> tuple[str, ...]:
    return tuple(key for key in holder if key not in known and key not in NOT_ASKED)
