"""Pieces that the seven schemas share: each a JSON Schema (draft 2020-12) fragment with a text for people.

Two keywords are the hub's own, and other validators pass over them: `x-expected` says in a few words what
belongs there, `x-remedy` what to do about a breach. Optional members may be null, as clients take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

HUBS = ("huggingface", "modelscope", "openmind_hub", "csghub")
LANGUAGES = ("en", "zh", "ja", "ko", "de", "fr", "es", "it", "pt", "ru", "vi", "th", "id", "hi", "ar", "multilingual")
LLM_FORMATS = ("pytorch", "ggufv2", "gptq", "awq", "fp4", "fp8", "bnb", "mlx")
QUANTIZATIONS = ("none", "Int4", "Int8", "4bit", "8bit", "fp8", "Q4_K_M", "Q8_0")
SIZE_PATTERN = "^(?:0_[0-9]*[1-9][0-9]*|[1-9][0-9]*(?:_[0-9]+)?)$"
FIXED_IN_RECORD = ("is_builtin", "version", "updated_at")
"""What a client takes over from a source, were it given there; these are facts of the record alone."""


def text(title: str, description: str = "", *examples: str, **more: Any) -> Schema:
    """A string that is not empty."""
    return _described({"type": "string", "minLength": 1}, title, description=description, examples=examples) | more


def texts(title: str, description: str = "", *examples: str, **more: Any) -> Schema:
    """A list of strings."""
    items = more.pop("items", {"type": "string", "minLength": 1})
    shape = {"type": "array", "items": items}
    return _described(shape, title, description=description, examples=[list(examples)] if examples else []) | more


def choice(title: str, values: Sequence[str], description: str = "", **more: Any) -> Schema:
    return _described({"type": "string", "enum": list(values)}, title, description=description) | more


def choices(title: str, values: Sequence[str], description: str = "", **more: Any) -> Schema:
    """A list of values out of a fixed set."""
    return texts(title, description, values[0], items={"type": "string", "enum": list(values)}, **more)


def known(title: str, values: Sequence[str], description: str = "", **more: Any) -> Schema:
    """A list of strings of which some are known and any is allowed."""
    known_values = f"Known values: {', '.join(values)}; others are accepted."
    items = {"type": "string", "minLength": 1, "examples": list(values)}
    return texts(title, f"{description} {known_values}".strip(), values[0], items=items, **more)


def whole(title: str, description: str = "", *examples: int, minimum: int = 1, **more: Any) -> Schema:
    return _described({"type": "integer", "minimum": minimum}, title, description=description, examples=examples) | more


def flag(title: str, description: str = "") -> Schema:
    return _described({"type": "boolean"}, title, description=description)


def free(title: str, description: str = "") -> Schema:
    """An object whose members are the engine's business."""
    return _described({"type": "object"}, title, description=description)


def entity(required: Sequence[str], properties: Mapping[str, Schema], **more: Any) -> Schema:
    """An object with these members; those not required may be null, and others are accepted."""
    shaped = {name: shape if name in required else or_null(shape) for name, shape in properties.items()}
    return {"type": "object", "required": list(required), "properties": shaped, **more}


def or_null(shape: Schema) -> Schema:
    """The same shape, or null."""
    kind = shape.get("type")
    if kind is None:
        return shape
    widened = shape | {"type": [*([kind] if isinstance(kind, str) else kind), "null"]}
    return widened | {"enum": [*shape["enum"], None]} if "enum" in shape else widened


def _described(shape: Schema, title: str, *, description: str, examples: Sequence[Any] = ()) -> Schema:
    return (
        shape
        | {"title": title}
        | ({"description": description} if description else {})
        | ({"examples": list(examples)} if examples else {})
    )


def version(number: int) -> Schema:
    return {
        "type": "integer",
        "const": number,
        "default": number,
        "title": "Spec version",
        "description": f"The version of the record's form: always {number} for this type.",
        "x-expected": f"the number {number}",
        "x-remedy": f"set it to {number}",
    }


MODEL_NAME: Schema = text(
    "Name",
    "The name people launch it by; it is the model's key in the hub, unique across types whatever the case.",
    "qwen3",
    "bge-m3",
    pattern="^[A-Za-z0-9._-]+$",
    maxLength=100,
)
MODEL_FAMILY: Schema = text("Family", "Names the code in Xinference that runs the model.", "stable_diffusion")
DESCRIPTION: Schema = {
    "type": "string",
    "title": "Description",
    "description": "One to three sentences for people: what the model is and what it is good at.",
}
SIZE: Schema = {
    "type": ["integer", "string"],
    "minimum": 1,
    "pattern": SIZE_PATTERN,
    "title": "Size (billions)",
    "description": 'Billions of parameters: a whole number, or a string with "_" for the decimal point.',
    "examples": [7, "1_8", "0_5"],
    "x-expected": 'a positive whole number, or a string such as "1_8" for 1.8 billion',
    "x-remedy": 'write 7 for 7 billion and "1_8" for 1.8 billion',
}
REVISION: Schema = text(
    "Revision",
    "Commit or tag that is loaded. A commit hash pins it; without one, or with main or master, it can change.",
    "744169034862c8eec56628663995004342e4e449",
)
MODEL_ID: Schema = text("Repository", "The model's id at its hub.", "Qwen/Qwen3-8B", maxLength=200)
QUANTIZATION_LIST: Schema = texts(
    "Quantizations",
    'Those the repository holds; "none" where its weights are not quantized.',
    "none",
    items={"type": "string", "minLength": 1, "examples": list(QUANTIZATIONS)},
    minItems=1,
    **{"x-expected": 'a list such as ["none"] or ["Q4_K_M", "Q8_0"]'},
)
GGUF_FILES: dict[str, Schema] = {
    "model_file_name_template": {
        "type": "string",
        "title": "File name template",
        "description": 'Name of the GGUF file with {quantization} in it; "" where every file is split.',
        "examples": ["qwen3-8b-{quantization}.gguf"],
        "x-expected": "the GGUF file's name with {quantization} in it",
        "x-remedy": (
            'add it; where every quantization is split into parts, give "" here and '
            "model_file_name_split_template with quantization_parts"
        ),
    },
    "model_file_name_split_template": text(
        "Split file name template",
        "Name of one part of a split GGUF file.",
        "qwen3-{quantization}-{part}.gguf",
    ),
    "quantization_parts": {
        "type": "object",
        "title": "Parts of split files",
        "description": "For each quantization that is split, the values of {part} in order.",
        "additionalProperties": texts("Parts", "", "00001-of-00002", "00002-of-00002", minItems=1),
        "examples": [{"Q8_0": ["00001-of-00002", "00002-of-00002"]}],
    },
}
GGUF_NEEDS: Schema = {
    "if": {"required": ["model_format"], "properties": {"model_format": {"const": "ggufv2"}}},
    "then": {
        "properties": {
            "model_src": {
                "additionalProperties": {
                    "required": ["model_file_name_template"],
                    "x-expected": GGUF_FILES["model_file_name_template"]["x-expected"],
                    "x-remedy": GGUF_FILES["model_file_name_template"]["x-remedy"],
                    "if": {
                        "required": ["model_file_name_template"],
                        "properties": {"model_file_name_template": {"const": ""}},
                    },
                    "then": {
                        "required": ["model_file_name_split_template", "quantization_parts"],
                        "x-expected": 'it, as model_file_name_template is ""',
                        "x-remedy": "add both, or name single files in model_file_name_template",
                    },
                }
            }
        }
    },
}


def _pip_option(title: str, description: str, *examples: str) -> Schema:
    return {
        "type": ["string", "array"],
        "minLength": 1,
        "items": {"type": "string", "minLength": 1},
        "title": title,
        "description": f"{description} One string; a list is read from Xinference 2.0.0 on.",
        "examples": list(examples),
    }


VIRTUALENV: Schema = entity(
    ("packages",),
    {
        "packages": texts(
            "Packages",
            "pip requirements; `#vllm_dependencies#` stands for an engine's own, "
            '`; #engine# == "vllm"` limits one to an engine.',
            '#transformers_dependencies# ; #engine# == "Transformers"',
            "#system_numpy#",
        ),
        "inherit_pip_config": flag("Inherit pip's configuration"),
        "index_url": text("Package index", "Replaces PyPI."),
        "extra_index_url": _pip_option("Extra package index", "Searched beside the index."),
        "find_links": _pip_option("Find links", "Pages or folders with wheels."),
        "trusted_host": _pip_option("Trusted host", "Hosts taken without a valid certificate."),
        "index_strategy": choice(
            "Index strategy",
            ("first-index", "unsafe-first-match", "unsafe-best-match"),
            "How uv chooses among several indexes.",
        ),
        "no_build_isolation": flag("No build isolation", "Packages are built in the environment itself."),
    },
    title="Virtual environment",
    description="What Xinference installs before it runs the model.",
)
CACHE_CONFIG: Schema = entity(
    (),
    {
        "allow_patterns": texts("Files to load", "Patterns of the files that are downloaded.", "*.safetensors"),
        "ignore_patterns": texts("Files to leave", "Patterns of the files that are not downloaded."),
        "ignore_file_pattern": texts("Files to leave", "The same, for ModelScope."),
    },
    title="Download",
    description="Which files of a repository are downloaded.",
)
COMMON: dict[str, Schema] = {
    "virtualenv": VIRTUALENV,
    "cache_config": CACHE_CONFIG,
    "featured": {"title": "Featured", "description": "Whether Xinference shows it first: true or false."},
    "updated_at": {
        "type": "integer",
        "minimum": 0,
        "title": "Updated at",
        "description": "Unix seconds. The hub sets it when a change is submitted: leave it as it is.",
        "readOnly": True,
        "x-expected": "a whole number of Unix seconds",
        "x-remedy": "leave it out, the hub sets it",
    },
}


def sources(source: Schema, **more: Any) -> Schema:
    """An object of hubs, each with one source."""
    return {
        "type": "object",
        "title": "Sources",
        "description": f"Where the weights lie, by hub. Known hubs: {', '.join(HUBS)}; others are accepted.",
        "minProperties": 1,
        "propertyNames": {"examples": list(HUBS)},
        "additionalProperties": source,
        "x-expected": 'at least one hub, such as {"huggingface": {"model_id": …}}',
        "x-remedy": "add where the weights lie",
        **more,
    }
