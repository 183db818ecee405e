"""Made-up data for the gallery, shaped as the catalog's contract gives it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from gateway.markup import colour_json, render_readme
from gateway.textdiff import diff_texts
from shared.contracts.catalog import FacetCount, ModelRow
from shared.contracts.identity import Person

DAY_S = 86_400

BEFORE = """{
  "version": 2,
  "context_length": 40960,
  "model_name": "lumen3",
  "model_lang": [
    "en",
    "zh"
  ],
  "model_ability": [
    "chat",
    "reasoning",
    "tools"
  ],
  "model_description": "Lumen3 is the latest generation of dense and mixture-of-experts models. Built upon extensive \
training, it delivers advances in reasoning, instruction following, agent abilities and multilingual support.",
  "model_specs": [
    {
      "model_format": "pytorch",
      "model_size_in_billions": "0_6",
      "model_src": {
        "huggingface": {
          "quantizations": [
            "none"
          ],
          "model_id": "Lumen/Lumen3-0.6B"
        }
      }
    },
    {
      "model_format": "gptq",
      "model_size_in_billions": "0_6",
      "model_src": {
        "huggingface": {
          "quantizations": [
            "Int8"
          ],
          "model_id": "Lumen/Lumen3-0.6B-GPTQ-Int8"
        }
      }
    },
    {
      "model_format": "awq",
      "model_size_in_billions": 4,
      "model_src": {
        "huggingface": {
          "quantizations": [
            "Int4"
          ],
          "model_id": "Lumen/Lumen3-4B-AWQ"
        }
      }
    }
  ]
}
"""
START = BEFORE.index('    {\n      "model_format": "gptq"')
AFTER = (BEFORE[:START] + BEFORE[BEFORE.index('    {\n      "model_format": "awq"') :]).replace("40960", "131072")
DRAFT = AFTER.replace("131072", '"40k"').replace('"chat"', '"chta"')

README = """---
license: apache-2.0
---
Lumen3 is the latest generation of the Lumen series: dense and mixture-of-experts models with a thinking mode that can
be switched per request. Xinference serves every size below through one OpenAI-compatible endpoint.

# Quick start

```
xinference launch --model-name lumen3 --model-engine vLLM \\
  --size-in-billions 8 --model-format pytorch --quantization none
```

```python
from xinference.client import Client

client = Client("http://localhost:9997")
model = client.get_model("lumen3")
model.chat([{"role": "user", "content": "Say hello in Chinese."}])
```

# Which size?

| Size | Good for | Smallest download |
|---|---|---:|
| 0.6 – 1.7 B | phones, routing, autocomplete | GGUF Q4, about 0.5 GB |
| 4 – 8 B | one consumer GPU, `tools` | AWQ, about 6 GB |

![Scores on twelve benchmarks](https://example.org/scores.png)

#### Notes

> Longer windows need rope scaling.

1. Pin the revision.
2. See [the paper](https://example.org/paper).
"""


def row(name: str, model_type: str, description: str, **more: Any) -> ModelRow:
    now = int(time.time())
    known = {"visibility": "public", "state": "published", "revision": 3, "updated_at": now - 2 * DAY_S}
    return ModelRow(**{"name": name, "type": model_type, "description": description, **known, **more})


def large() -> str:
    """About 700 kB of records."""
    return "[\n" + ",\n".join(f'  {{"model_name": "m{n}", "note": "名 \\u00e9 1.0"}}' for n in range(14_000)) + "\n]"


TEXT = "is a native unified model for high-quality generation and understanding across text and long documents."
CHAT = ["chat", "vision", "tools", "reasoning"]


def models() -> list[ModelRow]:
    return [*chat_models(), *other_models()]


def chat_models() -> list[ModelRow]:
    every = ["pytorch", "fp8", "ggufv2", "mlx"]
    long = 262_144
    one = row(
        "lumen-5.2", "llm", f"We introduce lumen-5.2, which {TEXT}", abilities=["chat", "tools", "reasoning", "hybrid"]
    )
    ornith = row("Ornith-1.5-35B-A3B", "llm", f"Ornith {TEXT}", abilities=CHAT, sizes_b=[35], formats=["pytorch"])
    built = row("lumen3.8", "llm", f"Built on the foundation of lumen3.5, it {TEXT}", abilities=CHAT, sizes_b=[27])
    focused = row("lumen3.5", "llm", f"Over recent months we have focused; it {TEXT}", abilities=CHAT, featured=True)
    return [
        replace(one, sizes_b=[753.0], formats=every, context_length=1_048_576),
        replace(ornith, context_length=long),
        replace(built, pending=15, featured=True, formats=every, context_length=long),
        replace(
            focused,
            sizes_b=[0.8, 2, 4, 9, 27, 35, 122, 397],
            formats=["pytorch", "fp8", "gptq", "awq", "ggufv2", "mlx"],
            context_length=long,
        ),
    ]


def other_models() -> list[ModelRow]:
    wave = row("SenseWave-U1.5-8B-MoT", "image", f"SenseWave {TEXT}", abilities=["text2image", "image2image"])
    bge = row("bge-tiny-zh", "embedding", "中文向量模型，适合检索与聚类。", sizes_b=[0.024], formats=["pytorch"])
    voice = row("house-voice", "audio", "A private voice for announcements.", abilities=["text2audio"])
    return [
        wave,
        replace(bge, state="deprecated"),
        replace(voice, visibility="private", state="unpublished"),
    ]


def facets() -> dict[str, list[FacetCount]]:
    def counts(text: str) -> list[FacetCount]:
        pairs = (part.rsplit(" ", 1) for part in text.split(", "))
        return [FacetCount(value=value, count=int(count)) for value, count in pairs]

    return {
        "ability": counts(
            "chat 138, tools 62, reasoning 48, vision 35, hybrid 28, text2audio 28, text2image 27, embed 20, rerank 17"
        ),
        "size": counts("0-3 45, 3-10 83, 10-40 66, 40-150 35, 150- 37"),
        "format": counts("pytorch 201, ggufv2 64, mlx 60, gptq 41, awq 38, fp8 22"),
        "source": counts("huggingface 330, modelscope 290"),
    }


def context(args: Mapping[str, str]) -> dict[str, Any]:
    """What a page of the gallery is rendered with; `?anonymous` shows it to nobody in particular."""
    person = Person(id="1", login="lin", display_name="Lin Yao", roles=["maintainer", "reviewer", "operator"], unread=3)
    return {
        "current_person": None if "anonymous" in args else person,
        "csrf_token": "sample",
        "public_models": 331,
        "reviews_waiting": 4,
        "hub_version": "1.0",
        "models": models(),
        "facets": facets(),
        "diff": diff_texts(BEFORE, AFTER),
        "json": colour_json(BEFORE),
        "readme": render_readme(README),
        "draft": large() if "large" in args else DRAFT,
        "now": time.time(),
        "day": DAY_S,
        "problems": [
            {
                "severity": "error",
                "message": "Context length must be a whole number",
                "path": "/context_length",
                "line": 3,
            },
            {
                "severity": "error",
                "message": "“chta” is not an ability. Did you mean “chat”?",
                "path": "/model_ability/0",
                "line": 10,
            },
            {"severity": "warning", "message": "48 sources float on main", "path": "", "line": 0},
        ],
        "sample": SimpleNamespace(page=3),
    }
