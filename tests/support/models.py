"""Small model documents and registry content for tests."""

from __future__ import annotations

import json
from typing import Any

from services.registry.domain.access import Actor
from services.registry.domain.submissions import Content

MAX = Actor(id="max", roles=("user", "maintainer"))
OLGA = Actor(id="olga", roles=("user", "operator"))
RITA = Actor(id="rita", roles=("user", "reviewer"))
SAM = Actor(id="sam", roles=("user", "maintainer"))
ANYONE = Actor(id="")


def llm(name: str = "tiny", **changes: Any) -> str:
    """A valid LLM record, two spaces a level."""
    record: dict[str, Any] = {
        "version": 2,
        "context_length": 4096,
        "model_name": name,
        "model_lang": ["en"],
        "model_ability": ["chat"],
        "model_description": "A tiny model.",
        "model_specs": [
            {
                "model_format": "pytorch",
                "model_size_in_billions": "0_5",
                "model_src": {"huggingface": {"quantizations": ["none"], "model_id": "org/tiny"}},
            }
        ],
    }
    record |= changes
    return json.dumps({key: value for key, value in record.items() if value is not None}, indent=2, ensure_ascii=False)


def content(document: str | None = None, **changes: Any) -> Content:
    """What an editor sends."""
    values: dict[str, Any] = {
        "name": "tiny",
        "type": "llm",
        "document": document or llm(),
        "readme": "# tiny",
        "visibility": "public",
        "message": "first",
    }
    return Content(**(values | changes))
