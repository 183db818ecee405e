from __future__ import annotations

import pytest

from shared.model_facts import facts_of
from shared.model_memory import bits_per_parameter, memory_gb


@pytest.mark.parametrize(
    ("model_format", "quantization", "bits"),
    [
        ("pytorch", "none", 16),
        ("pytorch", "", 16),
        ("pytorch", "fp8", 8.5),
        ("pytorch", "Float8-Weight-Only", 8.5),
        ("bnb", "4-bit", 4.5),
        ("gptq", "Int8", 8.5),
        ("gptq", "Int4-W4A16", 4.5),
        ("gptq", "Int4-Int8Mix", 8.5),
        ("awq", "AWQ", 4.5),
        ("awq", "AWQ-FP16Mix", 16),
        ("fp8", "none", 8.5),
        ("fp4", "FP4", 4.5),
        ("mlx", "bf16", 16),
        ("mlx", "8bit-MXFP8", 8.5),
        ("mlx", "nvfp4", 4.5),
        ("ggufv2", "f32", 32),
        ("ggufv2", "q4_k_m", 4.5),
        ("ggufv2", "i1-IQ2_XXS", 2.5),
        ("ggufv2", "UD-Q4_K_XL", 4.5),
        ("ggufv2", "UD-TQ1_0", 1.5),
        ("ggufv2", "MXFP4_MOE", 4.5),
    ],
)
def test_a_quantizations_name_says_its_bits(model_format: str, quantization: str, bits: float) -> None:
    assert bits_per_parameter(model_format, quantization) == bits


def test_memory_is_the_weights_and_a_fifth() -> None:
    assert memory_gb(10, "pytorch", "none") == 24.0
    assert memory_gb(7, "gptq", "Int4") == 4.8
    assert memory_gb(0.01, "mlx", "2bit") == 0.1


def test_a_model_wants_no_more_than_its_most_frugal_build() -> None:
    forms = [("7", "pytorch", ["none"]), ("7", "gptq", ["Int8", "Int4"]), ("72", "ggufv2", ["Q2_K"])]
    specs = [
        {
            "model_format": name,
            "model_size_in_billions": size,
            "model_src": {"huggingface": {"model_id": "a/b", "quantizations": quantizations}},
        }
        for size, name, quantizations in forms
    ]
    assert facts_of("llm", [{"model_specs": specs}]).least_gb == 4.8


def test_what_says_no_size_wants_an_unknown_amount() -> None:
    record = {"model_src": {"huggingface": {"model_id": "a/b"}}}
    assert facts_of("image", [record]).least_gb == 0.0
