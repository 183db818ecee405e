from __future__ import annotations

import json
import re
from typing import Any

import pytest

from shared.errors import Invalid
from shared.upstream_layout import (
    MODEL_TYPES,
    batch_branch,
    batch_message,
    batch_title,
    branch,
    commit_message,
    detect,
    is_title,
    path_of,
    read_models,
    slug,
    title,
    write_model,
)

AUDIO = "xinference/model/audio/model_spec.json"
UPSTREAM_BRANCH = re.compile(r"^chore/models-sync/[A-Za-z0-9._/-]+$")


def text_of(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def own_file(model_type: str, name: str, *records: dict[str, Any]) -> dict[str, str]:
    return {f"xinference/model/{model_type}/models/{name}.json": text_of(list(records))}


def test_one_file_a_model_is_the_newest_layout() -> None:
    assert detect(["README.md", AUDIO]) == "aggregate"
    assert detect([AUDIO, "xinference/model/llm/models/glm-5.json"]) == "per_model"
    assert detect([]) == "per_model"
    assert detect(["xinference/model/audio/confucius4_tts_config.json"]) == "per_model"


def test_each_type_has_its_place() -> None:
    assert path_of("aggregate", "llm", "A") == "xinference/model/llm/llm_family.json"
    assert path_of("aggregate", "audio", "A") == AUDIO
    assert path_of("per_model", "world", "A.1") == "xinference/model/world/models/A.1.json"
    assert len(MODEL_TYPES) == 7


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a b", "a\n", "ａ"])
def test_hostile_name_is_no_path(name: str) -> None:
    with pytest.raises(Invalid):
        path_of("per_model", "llm", name)


def test_unknown_type_has_no_path() -> None:
    with pytest.raises(Invalid):
        path_of("aggregate", "../llm", "A")


def test_aggregate_variants_are_grouped_by_name_in_order_of_first_appearance() -> None:
    records = [
        {"model_name": "B", "engine": "x"},
        {"model_name": "A"},
        {"model_name": "B", "engine": "MLX"},
    ]
    models = list(read_models("aggregate", {"README.md": "x", AUDIO: text_of(records)}))
    assert [(m.name, m.type, m.problem) for m in models] == [("B", "audio", None), ("A", "audio", None)]
    assert models[0].document == text_of([records[0], records[2]])
    assert models[1].document + "\n" == text_of(records[1])


def test_names_that_differ_in_case_are_one_model_with_a_problem() -> None:
    (model,) = read_models("aggregate", {AUDIO: text_of([{"model_name": "B"}, {"model_name": "b"}])})
    assert model.name == "B"
    assert model.problem


def test_unreadable_parts_are_told_and_the_rest_goes_on() -> None:
    text = '[{"model_name": "A", "x": 1, "x": 2}, {"no_name": 1}, {"model_name": "B"}, {"model_name": }]'
    models = list(read_models("aggregate", {AUDIO: text, "xinference/model/image/model_spec.json": "<html>"}))
    assert [(m.type, m.name, bool(m.problem)) for m in models] == [
        ("image", "", True),
        ("audio", "", True),
        ("audio", "A", True),
        ("audio", "B", False),
        ("audio", "", True),
    ]


def test_own_file_is_the_document_byte_for_byte() -> None:
    text = '[{"model_name":"A","eps":1e-5}]'
    (model,) = read_models("per_model", {"xinference/model/llm/models/A.json": text})
    assert (model.name, model.document) == ("A", text)


def test_world_file_without_a_name_is_known_by_its_file_s_name() -> None:
    (model,) = read_models("per_model", own_file("world", "W-2", {"model_family": "W"}))
    assert (model.type, model.name, model.problem) == ("world", "W-2", None)


def test_broken_own_file_is_told_by_its_file_s_name() -> None:
    files = {"xinference/model/llm/models/A.json": "[", **own_file("llm", "B", {"model_name": "B"})}
    assert [(m.name, bool(m.problem)) for m in read_models("per_model", files)] == [("A", True), ("B", False)]


def test_own_file_is_found_by_name_in_any_case_and_by_the_name_inside() -> None:
    files = own_file("llm", "Glm-5", {"model_name": "glm-5"}) | own_file("llm", "odd", {"model_name": "Other"})
    changed = write_model("per_model", files, type="llm", name="GLM-5", document='{"model_name": "glm-5", "a": 1}')
    assert changed == own_file("llm", "Glm-5", {"model_name": "glm-5", "a": 1})
    assert list(write_model("per_model", files, type="llm", name="other", document=None)) == [
        "xinference/model/llm/models/odd.json"
    ]


def test_new_model_gets_a_file_of_its_own() -> None:
    changed = write_model("per_model", {}, type="llm", name="A", document='{"model_name":"A"}')
    assert changed == own_file("llm", "A", {"model_name": "A"})


def test_first_model_of_a_missing_aggregate_file_makes_it() -> None:
    changed = write_model("aggregate", {}, type="audio", name="A", document='{"model_name":"A"}')
    assert changed == {AUDIO: text_of([{"model_name": "A"}])}


@pytest.mark.parametrize("layout", ["aggregate", "per_model"])
def test_nothing_is_written_where_nothing_changes(layout: Any) -> None:
    files = {AUDIO: text_of([{"model_name": "A"}])} | own_file("audio", "A", {"model_name": "A"})
    assert write_model(layout, files, type="audio", name="A", document='{"model_name":"A"}') == {}
    assert write_model(layout, files, type="audio", name="unknown", document=None) == {}


def test_removal_deletes_the_own_file_and_the_record() -> None:
    files = {AUDIO: text_of([{"model_name": "A"}, {"model_name": "B"}])} | own_file("audio", "A", {"model_name": "A"})
    assert write_model("aggregate", files, type="audio", name="a", document=None) == {
        AUDIO: text_of([{"model_name": "B"}])
    }
    assert list(write_model("per_model", files, type="audio", name="a", document=None).values()) == [None]


def test_branch_is_named_as_upstream_has_it() -> None:
    assert slug("MiniMax-M2.5") == "minimax-m2-5"
    assert branch("glm-5") == "chore/models-sync/glm-5"
    assert branch("MiniMax-M2.5", login="Ann") == "chore/models-sync/user-ann/minimax-m2-5"


def test_branch_that_another_model_has_gets_the_name_s_hash() -> None:
    taken = {branch("glm-4-5")}
    assert branch("glm-4.5", taken=taken) not in taken
    assert branch("glm-4.5", taken=taken) == branch("GLM-4.5", taken=taken)
    assert branch("user-ann") != "chore/models-sync/user-ann"


@pytest.mark.parametrize("name", ["$(id)", "a;b", "../../x", "é", "", "-", ".", "..", "a.lock", "@{-1}"])
def test_hostile_names_make_harmless_branches(name: str) -> None:
    found = branch(name, login=name or None)
    assert UPSTREAM_BRANCH.match(found)
    assert ".." not in found
    assert not found.endswith((".", "/", ".lock"))


def test_titles_are_worded_as_upstream_has_them() -> None:
    assert title("add", "A") == "FEAT: [model] A support"
    assert title("remove", "A") == "FEAT: [model] A removed"
    assert title("update", "A") == 'ENH: update model "A" JSON'
    assert title("update", "a", "b") == 'ENH: update 2 models JSON ("a", "b")'
    assert title("update", *"abcde") == 'ENH: update 5 models JSON ("a", "b", "c", … +2 more)'
    with pytest.raises(ValueError, match="at least one"):
        title("update")


def test_commit_message_carries_body_and_trailers() -> None:
    message = commit_message("update", type="image", name="X", login="ann", trailers=[("Hub-Revision", "X@3")])
    assert message == (
        '[models-hub] Update image:X\n\nAutomated sync for model "X" (image) by user ann.\n\nHub-Revision: X@3\n'
    )
    assert commit_message("remove", type="llm", name="X").startswith("[models-hub] Remove llm:X\n")


def test_titles_of_several_are_known_again_and_peoples_are_not() -> None:
    titles = [
        batch_title([("add", "a"), ("add", "b")]),
        batch_title([("add", "a"), ("update", "b")]),
        batch_title([("add", name) for name in "abcd"]),
        batch_title([("update", "a")]),
    ]
    assert titles == [
        "FEAT: [model] a, b support",
        'ENH: update 2 models JSON ("a", "b")',
        'ENH: update 4 models JSON ("a", "b", "c", … +1 more)',
        'ENH: update model "a" JSON',
    ]
    assert all(is_title(text) for text in titles)
    assert not any(
        is_title(text) for text in ("Better words", "FEAT: [model] ours", 'About ENH: update model "a" JSON')
    )


def test_a_batchs_branch_is_no_models() -> None:
    assert batch_branch("ada") == "chore/models-sync/batch-ada"
    assert batch_branch("Ada", login="Ada.L") == "chore/models-sync/user-ada-l/batch-ada"
    assert batch_branch("ada", taken=[branch("batch-ada")]) != branch("batch-ada")
    assert branch("batch-ada", taken=[batch_branch("ada")]) != batch_branch("ada")
    assert UPSTREAM_BRANCH.match(batch_branch("Ädä @all; rm -rf"))


def test_a_commit_of_several_names_each_and_carries_all_trailers() -> None:
    models = [("llm", "a", "ann"), ("image", "b", None), ("llm", "c", None), ("llm", "d", None)]
    assert batch_message(models, trailers=[("Hub-Revision", "a/1"), ("Hub-Revision", "b/2")]).splitlines() == [
        "[models-hub] Update 4 models (llm:a, image:b, llm:c, … +1 more)",
        "",
        'Automated sync for model "a" (llm) by user ann.',
        'Automated sync for model "b" (image).',
        'Automated sync for model "c" (llm).',
        'Automated sync for model "d" (llm).',
        "",
        "Hub-Revision: a/1",
        "Hub-Revision: b/2",
    ]
