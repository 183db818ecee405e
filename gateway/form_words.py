"""What the form's fields are called, and what their hints say, in the page's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _

from gateway.model_form import FormField, ModelForm

Words = Callable[[], str]
_LABELS: Mapping[str, Words] = {
    "model_name": lambda: _("Name"),
    "model_family": lambda: _("Family"),
    "engine": lambda: _("Engine"),
    "model_format": lambda: _("Format"),
    "quantization": lambda: _("Quantization"),
    "context_length": lambda: _("Context length"),
    "dimensions": lambda: _("Dimensions"),
    "max_tokens": lambda: _("Longest text"),
    "type": lambda: _("Kind"),
    "inference_task": lambda: _("Task"),
    "inference_mode": lambda: _("Mode"),
    "model_size_in_billions": lambda: _("Size in billions"),
    "activated_size_in_billions": lambda: _("Active, in billions"),
    "model_id": lambda: _("Repository"),
    "model_revision": lambda: _("Commit"),
    "quantizations": lambda: _("Quantizations"),
    "model_description": lambda: _("Description"),
    "model_ability": lambda: _("Abilities"),
    "model_lang": lambda: _("Languages"),
    "multilingual": lambda: _("Knows more than one language"),
    "source_url": lambda: _("Code"),
    "source_revision": lambda: _("Code's commit"),
    "source_subdir": lambda: _("Code's folder"),
    "architectures": lambda: _("Architectures"),
    "model_type": lambda: _("Architecture's name"),
    "chat_template": lambda: _("Chat template"),
    "stop": lambda: _("Stop strings"),
    "stop_token_ids": lambda: _("Stop token ids"),
    "reasoning_start_tag": lambda: _("Reasoning starts with"),
    "reasoning_end_tag": lambda: _("Reasoning ends with"),
    "tool_parser": lambda: _("Tool parser"),
    "cache_name": lambda: _("Cache name"),
    "model_file_name": lambda: _("File name"),
    "model_file_name_template": lambda: _("File name template"),
    "model_file_name_split_template": lambda: _("Template of split files"),
    "multimodal_projector": lambda: _("Multimodal projector"),
    "multimodal_projectors": lambda: _("Multimodal projectors"),
    "draft_model_id": lambda: _("Draft model"),
    "draft_model_revision": lambda: _("Draft model's commit"),
    "draft_model_file_name_template": lambda: _("Draft model's file name template"),
    "draft_quantizations": lambda: _("Draft model's quantizations"),
    "gguf_model_id": lambda: _("GGUF repository"),
    "gguf_quantizations": lambda: _("GGUF quantizations"),
    "gguf_model_file_name_template": lambda: _("GGUF file name template"),
    "lightning_model_id": lambda: _("Lightning repository"),
    "lightning_model_revision": lambda: _("Lightning commit"),
    "lightning_versions": lambda: _("Lightning versions"),
    "lightning_model_file_name_template": lambda: _("Lightning file name template"),
    "text_encoder_model_id": lambda: _("Text encoder's repository"),
    "text_encoder_model_revision": lambda: _("Text encoder's commit"),
    "vae_model_id": lambda: _("VAE's repository"),
    "vae_model_revision": lambda: _("VAE's commit"),
    "auxiliary_model_id": lambda: _("Second repository"),
    "auxiliary_model_revision": lambda: _("Second repository's commit"),
    "auxiliary_model_allow_patterns": lambda: _("Second repository's files"),
}
_HINTS: Mapping[str, Words] = {
    "model_name": lambda: _("Letters, digits, dots, hyphens. It cannot change later."),
    "model_family": lambda: _("The code in Xinference that runs it, such as whisper."),
    "engine": lambda: _("Tells variants apart."),
    "context_length": lambda: _("In tokens."),
    "dimensions": lambda: _("Length of a vector."),
    "max_tokens": lambda: _("In tokens."),
    "model_size_in_billions": lambda: _("7, or 0.6 for 600 million."),
    "activated_size_in_billions": lambda: _("Of a mixture of experts."),
    "model_id": lambda: _("As the source names it: owner/name."),
    "model_revision": lambda: _("Pins what clients load."),
    "quantizations": lambda: _("“none” where the weights are not quantized."),
    "model_description": lambda: _("One to three sentences: what it is and what it is good at."),
    "source_url": lambda: _("Git address of the model's code."),
    "chat_template": lambda: _("Jinja text of the prompt."),
    "stop": lambda: _("One a line."),
    "auxiliary_model_allow_patterns": lambda: _("One a line."),
    "model_file_name_template": lambda: _("With {quantization} in it; empty where every file is split."),
    "draft_model_id": lambda: _("For speculative decoding."),
}


def label_of(field: FormField) -> str:
    """The schema's own title for a member that is new to this page."""
    if field.key == "language":
        return str(_("Languages") if field.kind in ("chips", "fixed") else _("Its one language"))
    say = _LABELS.get(field.key)
    return str(say()) if say else field.title


def hint_of(field: FormField) -> str:
    if field.kind == "fixed":
        return str(_("Only the JSON can say this: edit it there."))
    say = _HINTS.get(field.key)
    return str(say()) if say else ""


def field_id(pointer: str) -> str:
    """As an `id`, which holds no white space."""
    return f"f:{quote(pointer, safe='/~')}"


def known_values(form: ModelForm) -> dict[str, list[str]]:
    """Values that text fields offer, by member."""
    found: dict[str, list[str]] = {}
    for field in form.fields:
        if field.kind == "text" and field.choices and field.key not in found:
            found[field.key] = list(field.choices)
    return found


def is_under(pointer: str, above: str) -> bool:
    return pointer.startswith(f"{above}/")


def errors_by_field(form: ModelForm, problems: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Pointer of a field to the first error about it: one about a part of its value, or about its being missing."""
    pointers = {field.pointer for field in form.fields}
    lone = form.records[0].pointer if len(form.records) == 1 else ""
    found: dict[str, str] = {}
    for problem in problems:
        if problem["severity"] != "error":
            continue
        for place in _places(str(problem["path"]), str(problem.get("missing", ""))):
            here = place if place in pointers else f"{lone}{place}"
            if here in pointers:
                found.setdefault(here, str(problem["message"]))
                break
    return found


def _places(path: str, missing: str) -> list[str]:
    """The pointer and those above it; first of all the member that is missing there."""
    places = [f"{path}/{missing}"] if missing else []
    while path:
        places.append(path)
        path = path.rpartition("/")[0]
    return places
