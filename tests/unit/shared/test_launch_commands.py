from __future__ import annotations

from shared.launch_commands import launch_build, launch_commands
from shared.model_facts import facts_of, sources_of
from tests.support.smallest_records import record


def commands(type_: str, **members: object) -> dict[str, str]:
    records = [record(type_, **members)]
    facts, sources = facts_of(type_, records), sources_of(type_, records)
    return {command.engine: command.line for command in launch_commands(facts, sources)}


def spec(size: object, **members: object) -> dict[str, object]:
    source = {"model_id": "o/m", "quantizations": ["none"]}
    return {
        "model_format": "pytorch",
        "model_size_in_billions": size,
        "model_src": {"huggingface": source},
        **members,
    }


def test_each_engine_launches_the_smallest_form_it_reads() -> None:
    found = commands("llm", model_specs=[spec(70), spec("1_8"), spec(7, model_format="ggufv2")])
    assert "--size-in-billions 1_8 --model-format pytorch --quantization none" in found["vLLM"]
    assert "--size-in-billions 7 --model-format ggufv2" in found["llama.cpp"]


def test_model_type_is_named_as_the_client_takes_it() -> None:
    assert "--model-type LLM" in commands("llm")["vLLM"]
    assert "--model-type rerank" in commands("rerank")["vLLM"]


def test_names_are_quoted_for_the_shell() -> None:
    found = commands("llm", model_name="a; rm -rf /")
    assert "--model-name 'a; rm -rf /'" in found["vLLM"]


def test_no_source_gives_no_command() -> None:
    assert commands("llm", model_specs=[]) == {}


def test_a_chosen_quantization_is_the_one_that_is_launched() -> None:
    both = {"model_id": "o/m", "quantizations": ["Int4", "Int8"]}
    records = [record("llm", model_specs=[spec(7, model_format="gptq", model_src={"huggingface": both})])]
    facts, sources = facts_of("llm", records), sources_of("llm", records)
    found = launch_build(facts, sources, quantization="Int8")
    assert found
    assert all("--model-format gptq --quantization Int8" in command.line for command in found)
    assert launch_build(facts, sources, quantization="Int2") == ()
