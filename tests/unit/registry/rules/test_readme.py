from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from services.registry.rules import readme_template
from shared.errors import Invalid
from tests.support.smallest_records import TYPES, record, text_of

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = [
    "<script>alert(1)</script>",
    "# heading",
    "1. list",
    "- list",
    "===",
    "> quote",
    "*a* _b_ __c__ ~~d~~ `e`",
    "[x](javascript:alert(1))",
    "![x](https://example.org/x.png)",
    "<https://example.org>",
    "a | b || c",
    "&lt;img src=x&gt;",
    "\\*not\\*",
    "```\ncode\n```",
    "    indented",
    "| a |\n| - |\n| b |",
    "<!-- hidden",
    "[id]: https://example.org",
    "a\u202eb\x00c",
    "snake_case_name _edge_ __init__",
]


def words(html: str) -> str:
    text = re.sub(r"<[^>]*>", "", html)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, character)
    return " ".join(text.split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_description_renders_as_the_text_that_it_is(hostile: str) -> None:
    readme = readme_template("llm", text_of(record("llm", model_description=hostile)).replace("\\u0000", ""))
    html = MARKDOWN.render(readme)
    paragraph = html.split("</h1>")[1].split("<ul>")[0]
    assert set(re.findall(r"<(/?\w+)", paragraph)) == {"p", "/p"}
    assert words(paragraph) == " ".join(hostile.replace("\u202e", "").replace("\x00", "").split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_member_of_a_document_brings_markup_in(hostile: str) -> None:
    value = record("llm", model_name=hostile, model_lang=[hostile], model_ability=[hostile], license=hostile)
    value["model_specs"][0]["model_format"] = hostile
    source = {"model_id": hostile, "model_revision": hostile, "quantizations": [hostile]}
    value["model_specs"][0]["model_src"] = {"huggingface": source, hostile: source}
    html = MARKDOWN.render(readme_template("llm", text_of(value).replace("\\u0000", "")))
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"h1", "h2", "h3", "p", "ul", "li", "strong", "em", "code", "pre"} | {
        *("table", "thead", "tbody", "tr", "th", "td")
    }
    rows = [row.count("<td>") for row in html.split("<tr>")[2:]]
    assert set(rows) <= {len(re.findall("<th>", html))}


def test_command_quotes_what_a_shell_would_read() -> None:
    readme = readme_template("llm", text_of(record("llm", model_name="a; rm -rf $HOME")))
    assert "--model-name 'a; rm -rf $HOME'" in readme


def test_each_engine_gets_a_command_for_the_smallest_form_it_runs() -> None:
    value = record("llm")
    spec = value["model_specs"][0]
    gguf = {
        **spec,
        "model_format": "ggufv2",
        "model_size_in_billions": "1_8",
        "model_src": {
            "modelscope": {
                "model_id": "a/b-{quantization}",
                "quantizations": ["Q4_K_M", "Q8_0"],
                "model_file_name_template": "x",
            }
        },
    }
    value["model_specs"] = [{**spec, "model_size_in_billions": 70}, spec, gguf]
    readme = readme_template("llm", text_of(value))
    engines = re.findall(r"--model-engine (\S+) \\\n  --size-in-billions (\S+)", readme)
    assert engines == [("Transformers", "7"), ("vLLM", "7"), ("SGLang", "7"), ("llama.cpp", "1_8")]
    assert "--model-type LLM" in readme
    assert "--quantization Q4_K_M" in readme
    assert "https://modelscope.cn/models/a/b-Q8_0" in readme


@pytest.mark.parametrize("type_", TYPES)
def test_readme_names_the_type_sources_and_what_is_to_fill_in(type_: str) -> None:
    readme = readme_template(type_, text_of(record(type_)))
    assert readme.startswith(f"# tiny-{type_}\n")
    assert "https://huggingface.co/owner/model" in readme
    assert "xinference launch" in readme
    assert "## License" in readme
    assert "To fill in" in readme


@pytest.mark.parametrize("value", [{}, {"model_specs": 7}, {"model_specs": [7, {}]}, {"model_src": {"a": 7}}])
def test_broken_draft_still_gets_a_readme(value: object) -> None:
    assert readme_template("llm", text_of(value)).startswith("# Name of the model")


def test_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(Invalid):
        readme_template("llm", "{")


def test_readme_of_a_huge_draft_stays_within_what_a_readme_may_hold() -> None:
    value = record("llm", model_description="_`" * 400_000, model_ability=[str(n) for n in range(20_000)])
    value["model_specs"] = [{**value["model_specs"][0], "model_size_in_billions": size} for size in range(1, 2000)]
    readme = readme_template("llm", text_of(value))
    assert len(readme) < 300_000
    assert "1699 more" in readme
