from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.rules import Report, readme_template, validate
from services.registry.rules.validation import MOST_TOLD
from tests.support.smallest_records import TYPES, record, release_table, text_of

Edit = Callable[[dict[str, Any]], object]


def report(type_: str, value: object, *, name: str = "", releases: tuple[str, ...] = ()) -> Report:
    return validate(type_, text_of(value), table=release_table(), name=name, releases=releases)


def errors(found: Report) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in found.errors]


@pytest.mark.parametrize("type_", TYPES)
def test_smallest_record_of_each_type_is_accepted_without_updated_at(type_: str) -> None:
    found = report(type_, record(type_))
    assert errors(found) == []
    assert found.ok
    assert found.model_name == f"tiny-{type_}"


REQUIRED = [
    *(("llm", name) for name in ("version", "model_name", "model_lang", "model_ability", "model_specs")),
    *(("embedding", name) for name in ("version", "model_name", "dimensions", "max_tokens", "language", "model_specs")),
    *(("rerank", name) for name in ("version", "model_name", "language", "model_specs")),
    *(("image", name) for name in ("model_name", "model_family", "model_src")),
    *(("audio", name) for name in ("version", "model_name", "model_family", "multilingual", "model_src")),
    *(("video", name) for name in ("version", "model_name", "model_family", "model_src")),
    *(("world", name) for name in ("version", "model_family", "model_ability", "source_url", "source_revision")),
]


@pytest.mark.parametrize(("type_", "member"), REQUIRED)
def test_missing_required_member_is_named_once_with_what_to_do(type_: str, member: str) -> None:
    value = record(type_)
    del value[member]
    [(path, message)] = errors(report(type_, value))
    assert path == ""
    assert message.startswith(f"{member} is missing: expected ")
    assert "; " in message


def _spec(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["model_specs"][0]
    return found


def _source(value: dict[str, Any]) -> dict[str, Any]:
    holder = _spec(value) if "model_specs" in value else value
    found: dict[str, Any] = holder["model_src"]["huggingface"]
    return found


BREAKS: list[tuple[str, Edit, str, tuple[str, ...]]] = [
    ("llm", lambda r: r.update(version=1), "/version", ("version: expected the number 2, found 1", "set it to 2")),
    ("llm", lambda r: r.update(version="2"), "/version", ('found "2"',)),
    ("llm", lambda r: r.update(version=2.0), "/version", ("version must be 2",)),
    ("world", lambda r: r.update(version=2), "/version", ("expected the number 1",)),
    ("llm", lambda r: r.update(updated_at="now"), "/updated_at", ("Unix seconds", 'found "now"', "the hub sets it")),
    ("llm", lambda r: r.update(updated_at=True), "/updated_at", ("found true",)),
    ("audio", lambda r: r.update(multilingual="yes"), "/multilingual", ("expected true or false",)),
    ("llm", lambda r: r.update(model_ability=["chatt"]), "/model_ability/0", ('found "chatt"', 'write "chat"')),
    ("llm", lambda r: r.update(model_ability="chat"), "/model_ability", ("expected a list",)),
    ("llm", lambda r: r.update(model_ability=[]), "/model_ability", ("at least 1 entry",)),
    ("embedding", lambda r: r.update(model_ability=["chat"]), "/model_ability/0", ("embed_vision",)),
    ("rerank", lambda r: r.update(model_ability=["embed_vision"]), "/model_ability/0", ("rerank_vision",)),
    ("llm", lambda r: _spec(r).update(model_format="gguf"), "/model_specs/0/model_format", ('write "ggufv2"',)),
    ("rerank", lambda r: _spec(r).update(model_format="mlx"), "/model_specs/0/model_format", ("pytorch, ggufv2",)),
    *(
        (
            "llm",
            lambda r, size=size: _spec(r).update(model_size_in_billions=size),
            "/model_specs/0/model_size_in_billions",
            ("expected", "1_8"),
        )
        for size in (0, -7, 1.8, "1.8", "0", "0_0", "7b", "1_8\n", "", None, True, [7])
    ),
    ("llm", lambda r: r.update(model_specs=[]), "/model_specs", ("at least one form",)),
    ("rerank", lambda r: r.update(model_specs=[]), "/model_specs", ("at least one form",)),
    *(
        (type_, lambda r: _spec(r).update(model_src={}), "/model_specs/0/model_src", ("at least one hub",))
        for type_ in ("llm", "embedding", "rerank")
    ),
    *((type_, lambda r: r.update(model_src={}), "/model_src", ("hub",)) for type_ in ("audio", "video", "world")),
    (
        "image",
        lambda r: r.update(model_src={"modelscope": _source(r)}),
        "/model_src",
        ("model_src.huggingface is missing", "add a huggingface source"),
    ),
    ("llm", lambda r: _source(r).pop("quantizations"), "/model_specs/0/model_src/huggingface", ('["none"]', "add it")),
    ("llm", lambda r: _source(r).update(quantizations=[]), "/model_specs/0/model_src/huggingface/quantizations", ()),
    *(
        (type_, lambda r: _source(r).pop("model_id"), "/model_src/huggingface", ("model_id is missing",))
        for type_ in ("image", "audio", "video", "world")
    ),
    *(
        (type_, lambda r: _source(r).pop("model_revision"), "/model_src/huggingface", ("model_revision is missing",))
        for type_ in ("image", "video")
    ),
    (
        "llm",
        lambda r: _spec(r).update(model_format="ggufv2"),
        "/model_specs/0/model_src/huggingface",
        ("model_file_name_template is missing", "{quantization}", "model_file_name_split_template"),
    ),
    (
        "llm",
        lambda r: (_spec(r).update(model_format="ggufv2"), _source(r).update(model_file_name_template="")),
        "/model_specs/0/model_src/huggingface",
        ("model_file_name_split_template is missing", "add both"),
    ),
    ("llm", lambda r: r.update(virtualenv={}), "/virtualenv", ("virtualenv.packages is missing",)),
    ("llm", lambda r: r.update(virtualenv=["vllm"]), "/virtualenv", ("expected an object, found a list",)),
    ("llm", lambda r: r.update(context_length="8k"), "/context_length", ("a whole number",)),
    ("image", lambda r: r.update(controlnet=[{"model_name": "canny"}]), "/controlnet/0", ("is missing",)),
]


@pytest.mark.parametrize(("type_", "edit", "path", "parts"), BREAKS)
def test_each_break_of_the_client_contract_is_refused_at_its_place(
    type_: str, edit: Edit, path: str, parts: tuple[str, ...]
) -> None:
    value = record(type_)
    edit(value)
    found = report(type_, value)
    assert not found.ok
    assert {at for at, _ in errors(found)} == {path}
    message = found.errors[0].message
    assert [part for part in parts if part not in message] == []
    assert found.errors[0].line > 0
    assert found.errors[0].column > 0


def test_split_gguf_files_need_no_single_file_name() -> None:
    value = record("llm")
    _spec(value)["model_format"] = "ggufv2"
    _source(value).update(
        model_file_name_template="",
        model_file_name_split_template="m-{quantization}-{part}.gguf",
        quantization_parts={"none": ["1", "2"]},
    )
    assert errors(report("llm", value)) == []


@pytest.mark.parametrize("flag", [True, False, None, "no"])
@pytest.mark.parametrize("type_", TYPES)
def test_is_builtin_is_refused_whatever_it_says(type_: str, flag: object) -> None:
    [(path, message)] = errors(report(type_, record(type_, is_builtin=flag)))
    assert path == "/is_builtin"
    assert "remove it" in message


@pytest.mark.parametrize("type_", TYPES)
def test_is_builtin_is_refused_inside_a_source_too(type_: str) -> None:
    value = record(type_)
    _source(value)["is_builtin"] = True
    [(path, _)] = errors(report(type_, value))
    assert path.endswith("/huggingface/is_builtin")


def test_a_source_cannot_file_the_model_under_another_name() -> None:
    value = record("image")
    _source(value)["model_name"] = "FLUX.1-dev"
    [(path, message)] = errors(report("image", value))
    assert path == "/model_src/huggingface/model_name"
    assert "tiny-image" in message
    assert "FLUX.1-dev" in message


def test_a_source_cannot_carry_its_own_updated_at() -> None:
    value = record("video")
    _source(value)["updated_at"] = 99
    [(path, message)] = errors(report("video", value))
    assert path == "/model_src/huggingface/updated_at"
    assert "move it" in message


@pytest.mark.parametrize("featured", [True, False, None, "yes", 3, []])
def test_featured_may_be_anything(featured: object) -> None:
    assert report("llm", record("llm", featured=featured)).ok


def test_optional_members_may_be_null() -> None:
    optional = ("model_description", "context_length", "chat_template", "stop", "virtualenv", "tool_parser")
    assert report("llm", record("llm", **dict.fromkeys(optional))).ok


def test_unknown_members_are_accepted_with_advice() -> None:
    found = report("llm", record("llm", modle_description="typing error"))
    assert found.ok
    [advice] = [each for each in found.warnings if each.kind == "advice"]
    assert advice.path == "/modle_description"
    assert "write model_description" in advice.message


def test_unknown_hub_is_accepted_with_advice() -> None:
    value = record("llm")
    _spec(value)["model_src"]["hugingface"] = dict(_source(value))
    found = report("llm", value)
    assert found.ok
    assert [each.path for each in found.warnings if each.kind == "advice"] == ["/model_specs/0/model_src/hugingface"]


NAMES_REFUSED = [
    *(".", "..", "-x", ".x", "a..b", "a.lock", "A.LOCK", "a.", "a/b", "a b", "a\n", "$(id)", "a;b", "", "café"),
    *("m\u043edel", "a\u200bb", "a\x00b", "x" * 101, 7, None, ["a"], True),
]


@pytest.mark.parametrize("name", NAMES_REFUSED)
def test_names_that_git_or_an_address_cannot_carry_are_refused(name: object) -> None:
    found = report("llm", record("llm", model_name=name))
    assert not found.ok
    assert found.model_name == ""
    assert len(found.errors) == 1


@pytest.mark.parametrize("name", ["a", "7b", "x" * 100, "Qwen3-0.6B", "a_b.c-d", "_a", "a.locked"])
def test_names_of_letters_digits_dots_underscores_and_hyphens_are_accepted(name: str) -> None:
    assert report("llm", record("llm", model_name=name)).model_name == name


def test_document_of_another_model_is_refused_but_for_case() -> None:
    assert report("llm", record("llm"), name="TINY-LLM").ok
    [(path, message)] = errors(report("llm", record("llm"), name="other"))
    assert path == "/model_name"
    assert "other" in message


def test_world_document_of_forms_takes_the_name_of_its_file() -> None:
    value = record("world")
    name, sources = value.pop("model_name"), value.pop("model_src")
    value["model_specs"] = [{"model_name": "tiny-world-fast", "model_src": sources}]
    assert report("world", value, name=name).model_name == name
    assert report("world", value).model_name == "Astra"


def test_variants_of_one_name_are_accepted_where_they_differ() -> None:
    variants = [record("audio", engine="PyTorch"), record("audio", engine="MLX", model_format="mlx")]
    assert report("audio", variants).ok


def test_variants_that_cannot_be_told_apart_are_refused() -> None:
    variants = [record("audio", engine="MLX"), record("audio", engine="mlx")]
    [(path, message)] = errors(report("audio", variants))
    assert path == "/1"
    assert "tell the variants apart" in message


def test_records_of_two_names_are_refused() -> None:
    variants = [record("audio", engine="MLX"), record("audio", engine="PyTorch", model_name="other")]
    assert [path for path, _ in errors(report("audio", variants))] == ["/1/model_name"]


def test_types_without_variants_take_one_record() -> None:
    [(path, message)] = errors(report("llm", [record("llm"), record("llm")]))
    assert path == "/1"
    assert "2 records" in message


def test_errors_in_an_array_of_one_carry_its_index() -> None:
    [(path, _)] = errors(report("llm", [record("llm", version=1)]))
    assert path == "/0/version"


@pytest.mark.parametrize("text", ["", "{", "nul", "NaN", "[]", "7", '{"a": 1, "a": 2}', "\ufeff{}", '{"a": NaN}'])
def test_text_that_is_no_document_is_reported_with_its_place(text: str) -> None:
    found = validate("llm", text, table=release_table())
    assert not found.ok
    assert found.model_name == ""
    assert all(each.line >= 1 and each.message for each in found.errors)


def test_report_names_the_first_errors_and_says_that_there_are_more() -> None:
    value = record("llm", model_specs=[{} for _ in range(MOST_TOLD)])
    found = report("llm", value)
    assert len(found.errors) == MOST_TOLD + 1
    assert "more errors" in found.errors[-1].message


@pytest.mark.parametrize(
    "members",
    [
        {"model_specs": [{}] * 50_001},
        {"virtualenv": {"packages": ["a"] * 50_001}},
        {"model_specs": [{"model_src": {str(n): {} for n in range(1001)}}]},
    ],
)
def test_more_than_any_model_needs_is_refused_at_once(members: dict[str, Any]) -> None:
    [(path, message)] = errors(report("llm", record("llm", **members)))
    assert path == ""
    assert "xpected at most" in message


def test_errors_point_at_line_and_column() -> None:
    text = '{\n  "version": 2,\n  "model_name": "a b"\n}'
    found = validate("image", text, table=release_table())
    [name] = [each for each in found.errors if each.path == "/model_name"]
    assert (name.line, name.column) == (3, 17)


def test_audio_without_huggingface_is_a_warning_of_old_releases() -> None:
    value = record("audio")
    value["model_src"] = {"modelscope": _source(value)}
    found = report("audio", value)
    assert found.ok
    assert [each.path for each in found.warnings if each.kind == "release"] == ["/model_src"]
    assert report("audio", value, releases=("4.1.0",)).warnings == ()


def test_messages_show_values_short_and_on_one_line() -> None:
    found = report("llm", record("llm", context_length="x\u202e\n" * 500))
    assert len(found.errors[0].message) < 250
    assert found.errors[0].message.isprintable()


def test_braces_in_a_document_do_not_break_messages() -> None:
    assert "{0.__class__}" in report("llm", record("llm", context_length="{0.__class__}")).errors[0].message


NAMES = ("model_name", "model_specs", "model_src", "huggingface", "virtualenv", "packages", "model_ability", "version")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # NUL and lone surrogates are refused before any rule sees them.
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3), st.booleans())
def test_no_document_makes_validation_or_the_template_raise(type_: str, members: dict[str, Any], keep: bool) -> None:
    value = record(type_, **members) if keep else members
    found = report(type_, value)
    assert found.ok == (found.errors == ())
    readme_template(type_, text_of(value))
