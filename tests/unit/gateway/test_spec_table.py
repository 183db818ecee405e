from __future__ import annotations

from typing import Any

from gateway.spec_table import SpecTable, build_among, spec_table
from shared.model_facts import sources_of


def table(*records: dict[str, Any], type_: str = "llm") -> SpecTable:
    return spec_table(records, sources_of(type_, records))


def spec(size: object, model_format: str, quantizations: list[str], **members: Any) -> dict[str, Any]:
    source = {"model_id": f"o/{model_format}", "quantizations": quantizations, **members.pop("source", {})}
    return {
        "model_format": model_format,
        "model_size_in_billions": size,
        "model_src": {"huggingface": source, "modelscope": source},
        **members,
    }


def test_sizes_are_rows_from_small_to_large_and_formats_columns() -> None:
    found = table({"model_specs": [spec(30, "ggufv2", ["Q4"]), spec("0_5", "pytorch", ["none"]), spec(30, "awq", [])]})
    assert found.formats == ("pytorch", "awq", "ggufv2")
    assert [row.size_b for row in found.sizes] == [0.5, 30.0]
    assert [[build.quantization for build in cell] for cell in found.sizes[1].cells] == [[], [""], ["Q4"]]
    assert found.sizes[0].hubs == ("huggingface", "modelscope")


def test_active_parameters_stand_beside_the_size() -> None:
    found = table({"model_specs": [spec(30, "pytorch", ["none"], activated_size_in_billions="3_5")]})
    assert found.sizes[0].active_b == (3.5,)


def test_specs_that_differ_in_their_hub_alone_count_once() -> None:
    assert table({"model_specs": [spec(7, "pytorch", ["none"]), spec(7, "gptq", ["Int4"])]}).count == 2


def test_pinned_and_floating_sources_are_counted() -> None:
    pinned = spec(7, "pytorch", ["none"], source={"model_revision": "a" * 40})
    found = table({"model_specs": [pinned, spec(7, "awq", ["Int4"], source={"model_revision": "master"})]})
    assert (found.pinned, found.floating) == (2, 2)
    assert [row.floating for row in found.sources] == [False, False, True, True]


def test_each_quantization_links_its_own_repository() -> None:
    found = table({"model_specs": [spec(7, "gptq", ["Int4", "Int8"], source={"model_id": "o/m-{quantization}"})]})
    assert found.sources[0].links == (
        ("Int4", "https://huggingface.co/o/m-Int4"),
        ("Int8", "https://huggingface.co/o/m-Int8"),
    )


def test_models_without_formats_have_sources_and_no_matrix() -> None:
    found = table({"model_src": {"huggingface": {"model_id": "o/m"}}}, type_="image")
    assert found.formats == ()
    assert found.sizes == ()
    assert found.sources[0].links == (("o/m", "https://huggingface.co/o/m"),)


def test_senseless_documents_give_empty_tables() -> None:
    found = spec_table(["text", None, {"model_specs": "x"}], ())
    assert (found.sizes, found.sources, found.count) == ((), (), 0)


def test_builds_of_a_cell_begin_with_the_most_frugal_and_say_what_they_want() -> None:
    cell = table({"model_specs": [spec(10, "ggufv2", ["Q8_0", "BF16", "Q4_K_M"])]}).sizes[0].cells[0]
    assert [(build.quantization, build.bits, build.memory_gb) for build in cell] == [
        ("Q4_K_M", 4.5, 6.8),
        ("Q8_0", 8.5, 12.8),
        ("BF16", 16.0, 24.0),
    ]


def test_whole_weights_are_those_that_no_format_quantizes() -> None:
    cells = table({"model_specs": [spec(7, "pytorch", ["none"]), spec(7, "fp8", ["none"])]}).sizes[0].cells
    assert [build.is_whole for cell in cells for build in cell] == [True, False]


def test_a_build_is_found_again_by_its_address() -> None:
    records = [{"model_specs": [spec("1_8", "gptq", ["Int4", "Int8"]), spec(7, "gptq", ["Int4"])]}]
    sources = sources_of("llm", records)
    found = build_among(sources, size="1.8", model_format="gptq", quantization="Int8")
    assert found is not None
    assert found[0].query == "size=1.8&format=gptq&quantization=Int8"
    assert [source.hub for source in found[1]] == ["huggingface", "modelscope"]
    assert build_among(sources, size="7", model_format="gptq", quantization="Int8") is None
    assert build_among(sources, size="", model_format="", quantization="") is None
