from __future__ import annotations

from gateway.change_groups import change_groups, counted
from shared.contracts.catalog import Change

CHANGES = [
    Change(path="/context_length", op="change", before="4096", after="8192", label="context_length"),
    Change(path="/model_specs/0/x", op="add", after='"a"', label="GPTQ, 7 B · huggingface · model_id"),
    Change(path="/model_description", op="remove", before='"old"', label="model_description"),
]


def test_changes_of_a_spec_stand_together_under_its_name() -> None:
    groups = change_groups(CHANGES, whole_word="Document")
    assert [(group.title, len(group.items)) for group in groups] == [("Document", 2), ("GPTQ, 7 B", 1)]
    assert groups[1].items[0].label == "huggingface · model_id"


def test_texts_are_shown_without_quotes_and_cut_where_long() -> None:
    items = change_groups(CHANGES, whole_word="Document")[0].items
    assert (items[0].before, items[0].after) == ("4096", "8192")
    assert (items[1].before, items[1].after) == ("old", None)
    long = Change(path="", op="add", after=f'"{"x" * 999}"')
    (group,) = change_groups([long], whole_word="Document")
    assert group.items[0].label == "Document"
    assert len(group.items[0].after or "") == 400


def test_counts_by_kind_of_change() -> None:
    assert counted(CHANGES) == {"add": 1, "remove": 1, "change": 1}
