"""The JSON Schema of each model type, written from what Xinference's clients demand.

`schema_of` is what GET /types/{type}/schema serves: `$defs.record` describes one record, the schema itself
a document, which is one record or an array of variants. Members that are not named are accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.registry.rules import schema_parts as p
from services.registry.rules.schema_parts import Schema
from shared.model_facts import TITLES, TYPES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
LLM_ABILITIES = ("chat", "generate", "tools", "vision", "reasoning", "hybrid", "audio", "omni", "embed")
EMBEDDING_ABILITIES = ("embed_vision", "embed_video", "embed_audio", "vision", "video", "audio")
RERANK_ABILITIES = ("rerank_vision", "rerank_video", "rerank_audio", "vision", "video", "audio")
IMAGE_ABILITIES = ("text2image", "image2image", "inpainting", "ocr", "docanalyze")
AUDIO_ABILITIES = (
    "audio2text",
    "text2audio",
    "text2audio_zero_shot",
    "text2audio_voice_cloning",
    "text2audio_voice_design",
    "text2audio_emotion_control",
    "text2music",
    "speaker_embedding",
)
VIDEO_ABILITIES = ("text2video", "image2video", "firstlastframe2video")
WORLD_ABILITIES = ("image2world", "text2world")
VARIANT_TYPES = frozenset({"audio", "video"})
"""Types of which one model may be several records, one for each engine."""


def _source(required: Sequence[str], properties: Mapping[str, Schema]) -> Schema:
    return p.entity(required, {"model_id": p.MODEL_ID, "model_revision": p.REVISION, **properties})


def _specs(spec: Schema) -> Schema:
    return {
        "type": "array",
        "title": "Forms",
        "description": "One entry for each size and format.",
        "minItems": 1,
        "items": spec,
        "x-expected": "at least one form of the model",
    }


def _configs(**titles: str) -> dict[str, Schema]:
    return {name: p.free(title, "Handed to the engine as it is.") for name, title in titles.items()}


def _llm_spec() -> Schema:
    metadata = p.free("Metadata", "Facts of the architecture, for estimating memory.")
    source = _source(
        ("model_id", "quantizations"),
        {
            "quantizations": p.QUANTIZATION_LIST,
            **p.GGUF_FILES,
            "multimodal_projectors": p.texts("Multimodal projectors", "GGUF projector files.", "mmproj-F16.gguf"),
            "draft_model_id": p.text("Draft model", "Repository of the draft model for speculative decoding."),
            "draft_model_revision": p.text("Draft model's revision"),
            "draft_model_file_name_template": p.text("Draft model's file name template"),
            "draft_quantizations": p.texts("Draft model's quantizations"),
            "model_metadata": metadata,
            "model_metadata_by_quantization": p.free("Metadata by quantization"),
        },
    )
    return p.entity(
        ("model_format", "model_size_in_billions", "model_src"),
        {
            "model_format": p.choice("Format", p.LLM_FORMATS, "What the weights are stored as."),
            "model_size_in_billions": p.SIZE,
            "activated_size_in_billions": p.SIZE | {"title": "Activated size (billions)"},
            "model_src": p.sources(source),
            "quantizations": p.texts("Quantizations", "Not read: they are taken from each source."),
            "model_metadata": metadata,
        },
        title="Form",
        **p.GGUF_NEEDS,
    )


def _llm() -> Schema:
    return p.entity(
        ("version", "model_name", "model_lang", "model_ability", "model_specs"),
        {
            "version": p.version(2),
            "model_name": p.MODEL_NAME,
            "model_description": p.DESCRIPTION,
            "context_length": p.whole("Context length", "Tokens of input and output together.", 32768, 131072),
            "model_lang": p.known("Languages", p.LANGUAGES, minItems=1),
            "model_ability": p.choices("Abilities", LLM_ABILITIES, "What it can be asked for.", minItems=1),
            "model_family": p.text("Family", "A built-in model it behaves like.", "qwen3"),
            "architectures": p.texts("Architectures", "Class names of the weights' config.json.", "Qwen3ForCausalLM"),
            "model_specs": _specs(_llm_spec()),
            **_LLM_TALK,
            **p.COMMON,
        },
    )


_LLM_TALK: dict[str, Schema] = {
    "chat_template": {"type": "string", "title": "Chat template", "description": "Jinja text of the prompt."},
    "stop_token_ids": p.texts("Stop token ids", items={"type": "integer"}),
    "stop": p.texts("Stop strings", "", "<|im_end|>", items={"type": "string"}),
    "reasoning_start_tag": p.text("Reasoning starts with", "", "<think>"),
    "reasoning_end_tag": p.text("Reasoning ends with", "", "</think>"),
    "tool_parser": p.text("Tool parser", "How calls of tools are read from the answer.", "qwen", "glm4", "deepseek-r1"),
    "model_type": p.text("Architecture", "`model_type` of the weights' config.json.", "qwen2"),
    "prompt_style": p.free("Prompt style", "Of early releases."),
    "is_built_in": p.flag("Built in", "An old note in the catalogue; clients do not read it."),
}


def _ranked(type_: str, abilities: Sequence[str], required: Sequence[str], own: Mapping[str, Schema]) -> Schema:
    """Embedding and rerank: families with `language` and sources by form."""
    source = _source(
        ("model_id", "quantizations"),
        {
            "quantizations": p.QUANTIZATION_LIST,
            **p.GGUF_FILES,
            "multimodal_projector": p.text("Multimodal projector", "GGUF projector file."),
        },
    )
    spec = p.entity(
        ("model_format", "model_src"),
        {"model_format": p.choice("Format", ("pytorch", "ggufv2")), "model_src": p.sources(source)},
        title="Form",
        **p.GGUF_NEEDS,
    )
    return p.entity(
        ("version", "model_name", *required, "language", "model_specs"),
        {
            "version": p.version(2),
            "model_name": p.MODEL_NAME,
            "model_description": p.DESCRIPTION,
            **own,
            "language": p.known("Languages", p.LANGUAGES),
            "model_ability": p.choices("Abilities", abilities, f"What besides text the {type_} model reads."),
            "model_specs": _specs(spec),
            **p.COMMON,
        },
    )


def _embedding() -> Schema:
    own = {
        "dimensions": p.whole("Dimensions", "Length of a vector.", 768, 1024),
        "max_tokens": p.whole("Longest text", "In tokens.", 512, 8192),
    }
    return _ranked("embedding", EMBEDDING_ABILITIES, ("dimensions", "max_tokens"), own)


def _rerank() -> Schema:
    kinds = ("normal", "LLM-based", "LLM-based layerwise", "unknown")
    own = {
        "max_tokens": p.whole("Longest text", "In tokens.", 512, 8192),
        "type": p.text("Kind", f"How it scores. Known values: {', '.join(kinds)}.", *kinds),
    }
    return _ranked("rerank", RERANK_ABILITIES, (), own)


_EXTRA_FILES: dict[str, Schema] = {
    "gguf_model_id": p.text("GGUF repository", "Quantized weights of the main part."),
    "gguf_quantizations": p.texts("GGUF quantizations", "", "Q4_K_M", "Q8_0"),
    "gguf_model_file_name_template": p.text("GGUF file name template", "", "flux1-dev-{quantization}.gguf"),
    "lightning_model_id": p.text("Lightning repository", "Weights for fewer steps."),
    "lightning_model_revision": p.text("Lightning revision"),
    "lightning_versions": p.texts("Lightning versions", "", "4steps-V1.0-bf16"),
    "lightning_model_file_name_template": p.text("Lightning file name template"),
}
_TEXT_ENCODER: dict[str, Schema] = {
    "text_encoder_model_id": p.text("Text encoder's repository"),
    "text_encoder_model_revision": p.text("Text encoder's revision"),
}
_IMAGE_NEEDS_HUGGINGFACE = {
    "required": ["huggingface"],
    "x-expected": "a huggingface source",
    "x-remedy": "add a huggingface source: clients do not start again after an image list with a record without one",
}


_CONTROLNET = p.entity(
    ("model_name", "model_family", "model_id", "model_revision"),
    {
        "model_name": p.text("Name"),
        "model_family": p.text("Family", "", "controlnet"),
        "model_id": p.MODEL_ID,
        "model_revision": p.REVISION,
    },
)


def _image() -> Schema:
    source = _source(
        ("model_id", "model_revision"),
        {**_EXTRA_FILES, "quantizations": p.texts("Quantizations", "", "4bit", "8bit")},
    )
    spec = p.entity(
        ("model_src",),
        {
            "model_format": p.choice("Format", ("pytorch", "mlx", "ggufv2")),
            "model_src": p.sources(source),
            "virtualenv": p.VIRTUALENV,
            "model_file_name_template": p.GGUF_FILES["model_file_name_template"],
            "multimodal_projector": p.text("Multimodal projector", "GGUF projector file."),
        },
        title="Form",
    )
    record = p.entity(
        ("model_name", "model_family"),
        {
            "version": p.version(2),
            "model_name": p.MODEL_NAME,
            "model_family": p.MODEL_FAMILY,
            "model_description": p.DESCRIPTION,
            "model_ability": p.known("Abilities", IMAGE_ABILITIES),
            "model_src": p.sources(source, minProperties=0),
            "model_specs": _specs(spec),
            "controlnet": p.texts("ControlNets", "Models that steer it.", items=_CONTROLNET) | {"examples": [[]]},
            **_configs(default_model_config="Model defaults", default_generate_config="Generation defaults"),
            **_EXTRA_FILES,
            **p.COMMON,
        },
    )
    return record | {
        "if": {"required": ["model_specs"]},
        "else": {"required": ["model_src"], "properties": {"model_src": _IMAGE_NEEDS_HUGGINGFACE}},
    }


def _audio() -> Schema:
    source = _source(
        ("model_id",),
        {
            "vae_model_id": p.text("VAE's repository"),
            "vae_model_revision": p.text("VAE's revision"),
        },
    )
    return p.entity(
        ("version", "model_name", "model_family", "multilingual", "model_src"),
        {
            "version": p.version(2),
            "model_name": p.MODEL_NAME,
            "model_family": p.MODEL_FAMILY | {"examples": ["whisper", "CosyVoice", "funasr"]},
            "model_description": p.DESCRIPTION,
            "model_ability": p.known("Abilities", AUDIO_ABILITIES),
            "multilingual": p.flag("Multilingual", "Whether it knows more than one language."),
            "language": p.text("Language", "Where it knows one.", "EN"),
            "model_lang": p.known("Languages", p.LANGUAGES),
            "engine": p.text("Engine", "Tells variants apart.", "PyTorch", "MLX", "transformers", "diffusers"),
            "model_format": p.text("Format", "Tells variants apart.", "pytorch", "mlx"),
            "quantization": p.text("Quantization", "Of this variant.", "none", "8-bit"),
            "cache_name": p.text("Cache name", "Folder of this variant, where it is not the model's name."),
            "model_src": p.sources(source),
            **_configs(default_model_config="Model defaults", default_transcription_config="Transcription defaults"),
            "model_file_name": p.text("File name", "", "model.safetensors"),
            **p.COMMON,
        },
    )


def _video() -> Schema:
    source = _source(("model_id", "model_revision"), {**_EXTRA_FILES, **_TEXT_ENCODER})
    return p.entity(
        ("version", "model_name", "model_family", "model_src"),
        {
            "version": p.version(2),
            "model_name": p.MODEL_NAME,
            "model_family": p.MODEL_FAMILY | {"examples": ["Wan", "CogVideoX", "HunyuanVideo"]},
            "model_description": p.DESCRIPTION,
            "model_ability": p.known("Abilities", VIDEO_ABILITIES),
            "engine": p.text("Engine", "Tells variants apart.", "diffusers", "MLX", "vLLM", "SGLang"),
            "model_format": p.text("Format", "Tells variants apart.", "diffusers", "mlx"),
            "cache_name": p.text("Cache name", "Folder of this variant, where it is not the model's name."),
            "model_src": p.sources(source),
            **_configs(default_model_config="Model defaults", default_generate_config="Generation defaults"),
            **_EXTRA_FILES,
            "lightning_version_configs": p.free("Defaults by lightning version"),
            **_TEXT_ENCODER,
            **p.COMMON,
        },
    )


_AUXILIARY: dict[str, Schema] = {
    "inference_task": p.text("Task", "", "i2v-A14B"),
    "inference_mode": p.text("Mode", "", "causal_fast"),
    "auxiliary_model_id": p.text("Second repository", "Weights it needs besides."),
    "auxiliary_model_revision": p.text("Second repository's revision"),
    "auxiliary_model_allow_patterns": p.texts("Second repository's files"),
}


def _world() -> Schema:
    source = _source(("model_id",), _AUXILIARY)
    configs = _configs(default_model_config="Model defaults", default_generate_config="Generation defaults")
    spec = p.entity(
        ("model_name", "model_src"),
        {"model_name": p.MODEL_NAME, "model_src": p.sources(source), **_AUXILIARY, **configs},
        title="Form",
    )
    record = p.entity(
        ("version", "model_family", "model_ability", "source_url", "source_revision"),
        {
            "version": p.version(1),
            "model_name": p.MODEL_NAME,
            "model_family": p.MODEL_FAMILY | {"examples": ["Astra"]},
            "model_description": p.DESCRIPTION,
            "model_ability": p.known("Abilities", WORLD_ABILITIES, minItems=1),
            "model_format": p.text("Format", "", "pytorch"),
            "source_url": p.text("Code", "Git repository of the model's code.", "https://github.com/owner/code.git")
            | {"pattern": "^https?://[^\\s]+$", "x-expected": "an address that starts with https://"},
            "source_revision": p.text("Code's commit", "A commit hash pins what is run.", "3fb82e19"),
            "source_subdir": p.text("Code's folder"),
            "model_src": p.sources(source),
            "model_specs": _specs(spec),
            **_AUXILIARY,
            **configs,
            **p.COMMON,
        },
    )
    return record | {"if": {"required": ["model_specs"]}, "else": {"required": ["model_name", "model_src"]}}


_RECORDS = {
    "llm": _llm,
    "embedding": _embedding,
    "rerank": _rerank,
    "image": _image,
    "audio": _audio,
    "video": _video,
    "world": _world,
}


def record_schema(type_: str) -> Schema:
    """The schema of one record; raises KeyError for no type of ours."""
    record = _RECORDS[type_]()
    refused = {"not": {"required": ["is_builtin"]}, "description": "is_builtin is for what Xinference packages itself."}
    return {"title": f"{TITLES[type_]} record", **record, "allOf": [refused]}


def schema_of(type_: str) -> Schema:
    """The schema of a document, self-contained; raises KeyError for no type of ours."""
    one = {"$ref": "#/$defs/record"}
    many: dict[str, Any] = {"minItems": 1, "items": one}
    if type_ not in VARIANT_TYPES:
        many["maxItems"] = 1
    return {
        "$schema": DRAFT,
        "title": f"{TITLES[type_]} document",
        "description": "One record, or an array of records that share one model_name: the model's variants.",
        "type": ["object", "array"],
        "if": {"type": "array"},
        "then": many,
        "else": one,
        "$defs": {"record": record_schema(type_)},
    }


def required_of(type_: str) -> tuple[str, ...]:
    """The members that every record of the type needs."""
    return tuple(_RECORDS[type_]()["required"])


__all__ = ["TITLES", "TYPES", "VARIANT_TYPES", "record_schema", "required_of", "schema_of"]
