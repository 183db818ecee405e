from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model_facts import TYPES, engines_for, facts_of, hub_page, size_in_billions, sources_of
from tests.support.smallest_records import record


@pytest.mark.parametrize(
    ("written", "billions"),
    [(7, 7.0), ("7", 7.0), ("1_8", 1.8), ("0_5", 0.5), ("1058_59", 1058.59), (2400, 2400.0)],
)
def test_sizes_are_read_in_billions(written: object, billions: float) -> None:
    assert size_in_billions(written) == billions


@pytest.mark.parametrize("written", [0, -1, "0", "0_0", "1.8", "7b", "", None, True, 1.8, [7], "1_8\n", 10**400, "_8"])
def test_what_is_no_size_reads_as_none(written: object) -> None:
    assert size_in_billions(written) is None


def _llm(model_format: str, **members: Any) -> dict[str, Any]:
    value = record("llm", **members)
    value["model_specs"][0]["model_format"] = model_format
    return value


@pytest.mark.parametrize(
    ("model_format", "engines"),
    [
        ("pytorch", ("Transformers", "vLLM", "SGLang")),
        ("gptq", ("Transformers", "vLLM", "SGLang")),
        ("awq", ("Transformers", "vLLM", "SGLang")),
        ("bnb", ("Transformers", "vLLM", "SGLang")),
        ("fp8", ("vLLM", "SGLang")),
        ("fp4", ("Transformers", "vLLM")),
        ("ggufv2", ("llama.cpp",)),
        ("mlx", ("MLX",)),
        ("unheard", ()),
    ],
)
def test_engines_follow_from_the_format(model_format: str, engines: tuple[str, ...]) -> None:
    assert engines_for("llm", [_llm(model_format)]) == engines


def test_markers_in_virtualenv_say_which_readers_are_meant() -> None:
    packages = ['#vllm_dependencies# ; #engine# == "vllm"', '#transformers_dependencies# ; #engine# == "Transformers"']
    assert engines_for("llm", [_llm("pytorch", virtualenv={"packages": packages})]) == ("Transformers", "vLLM")
    assert engines_for("llm", [_llm("mlx", virtualenv={"packages": packages})]) == ("MLX",)


def test_a_variants_own_engine_comes_first() -> None:
    variants = [record("video", engine="SGLang"), record("video", engine="mlx")]
    assert engines_for("video", variants) == ("SGLang", "MLX")


def test_image_models_that_read_run_on_transformers() -> None:
    assert engines_for("image", [record("image", model_ability=["ocr"])]) == ("Transformers",)
    assert engines_for("image", [record("image")]) == ("diffusers",)


def test_facts_join_all_records_and_forms() -> None:
    value = _llm("pytorch", model_description="One.", context_length=4096, updated_at=5, featured=True)
    value["model_specs"].append({"model_format": "mlx", "model_size_in_billions": "1_8", "model_src": {}})
    value["model_specs"][1]["model_src"] = {"modelscope": {"model_id": "a/b-{quantization}", "quantizations": ["4bit"]}}
    facts = facts_of("llm", [value])
    assert (facts.name, facts.description, facts.context_length) == ("tiny-llm", "One.", 4096)
    assert (facts.sizes_b, facts.min_size_b, facts.max_size_b) == ((1.8, 7.0), 1.8, 7.0)
    assert (facts.formats, facts.quantizations) == (("pytorch", "mlx"), ("none", "4bit"))
    assert facts.sources == ("huggingface", "modelscope")
    assert (facts.updated_at, facts.featured) == (5, True)
    assert (facts.floating_sources, facts.source_count) == (1, 2)
    assert sources_of("llm", [value])[1].repositories == ("a/b-4bit",)


def test_audio_language_is_one_language() -> None:
    assert facts_of("audio", [record("audio", language="ZH")]).languages == ("zh",)


@pytest.mark.parametrize("model_id", ["a/../b", "a", "a/b?x", "a b/c", "javascript:x/y", "a/b)"])
def test_ids_that_are_no_repository_get_no_link(model_id: str) -> None:
    assert hub_page("huggingface", model_id) == ""


def test_unknown_hubs_get_no_link() -> None:
    assert hub_page("csghub", "a/b") == ""
    assert hub_page("modelscope", "a/b") == "https://modelscope.cn/models/a/b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["model_specs", "model_src", "virtualenv", "packages", "model_ability", "language", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TYPES), st.lists(JSON, max_size=3))
def test_facts_never_raise_on_json(type_: str, records: list[object]) -> None:
    facts_of(type_, records)


@pytest.mark.parametrize(
    ("members", "runs"),
    [
        ({}, False),
        ({"source_url": "https://example.org/code.git"}, True),
        ({"default_model_config": {"vLLM": {"trust_remote_code": True}}}, True),
        ({"default_model_config": {"trust_remote_code": False}}, False),
        ({"trust_remote_code": "yes"}, False),
    ],
)
def test_remote_code_is_what_a_record_has_clients_run(members: dict[str, Any], runs: bool) -> None:
    assert facts_of("llm", [{"model_name": "m", **members}]).remote_code is runs
