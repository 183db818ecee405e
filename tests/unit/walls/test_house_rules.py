"""Each of `scripts/checks` objects to what it is for, and to nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.checks import addresses, environment, habits, purity, readme_section, sizes, translations
from scripts.checks.readme_settings import content as settings_table
from tests.unit.walls.tree_copy import append, copy_tree, python


def write(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/review/domain.py", "import os\n"),
        ("services/review/domain/deciding.py", "from time import time\n"),
        ("services/review/domain.py", "from datetime import datetime\nthen = datetime.now()\n"),
        ("services/review/domain.py", "import uuid\nname = uuid.uuid4()\n"),
        ("services/review/domain.py", "from uuid import uuid4\n"),
        ("services/review/domain.py", "text = open('x').read()\n"),
        ("services/review/domain.py", "from shared import database\n"),
        ("services/review/domain.py", "import shared.event_store.sql\n"),
        ("shared/events/review.py", "import random\n"),
        ("shared/document.py", "import jsonschema\n"),
        ("shared/errors.py", "import logging\n"),
        ("shared/client_releases.py", "from pathlib import Path\n"),
        ("shared/upstream_layout.py", "import subprocess\n"),
        ("shared/model_facts.py", "import importlib\n"),
    ],
)
def test_clock_chance_and_input_are_refused_where_purity_is_promised(tmp_path: Path, path: str, text: str) -> None:
    (problem,) = purity.problems(write(tmp_path, path, text))
    assert problem.startswith(f"{path}:")


def test_pure_code_may_use_pure_modules_and_times_it_is_given(tmp_path: Path) -> None:
    text = "import json\nfrom datetime import datetime\nfrom uuid import uuid5\nfrom shared import document, errors\n"
    text += "from shared.events import review\nfrom shared.errors import Conflict\nfrom . import state\n"
    write(tmp_path, "services/review/domain/deciding.py", text)
    write(tmp_path, "services/review/application.py", "import time\n")
    for path in ("shared/__init__.py", "shared/document.py", "shared/errors.py", "shared/events/review.py"):
        write(tmp_path, path, "import math\n")
    assert purity.problems(tmp_path) == []


def test_what_pure_code_imports_is_pure_too(tmp_path: Path) -> None:
    write(tmp_path, "services/review/domain.py", "from shared import names\n")
    write(tmp_path, "shared/names.py", "import re\n")
    write(tmp_path, "shared/__init__.py", "")
    assert purity.problems(tmp_path) == []
    write(tmp_path, "shared/names.py", "import re\nimport os\n")
    assert purity.problems(tmp_path) == [
        "shared/names.py:2: imports os; services/review/domain.py, which imports this one, is pure: "
        "take the value as an argument"
    ]


def function_of(lines: int) -> str:
    return "def long() -> None:\n" + "    x = 1\n" * (lines - 1)


def test_a_file_or_function_too_long_is_named(tmp_path: Path) -> None:
    write(tmp_path, "shared/long_file.py", "x = 1\n" * 401)
    write(tmp_path, "shared/long_function.py", "x = 1\n" + function_of(41))
    write(tmp_path, "docs/picture.png", "x" * 400_001)
    assert sizes.problems(tmp_path) == [
        "shared/long_file.py: 401 lines, at most 400; which second job did it take on?",
        "shared/long_function.py:2: long has 41 lines, at most 40",
        "docs/picture.png: 400001 bytes, at most 400000; data and builds stay out",
    ]


def test_what_just_fits_is_fine_and_other_peoples_files_are_theirs(tmp_path: Path) -> None:
    write(tmp_path, "shared/file.py", "x = 1\n" * 360 + function_of(40))
    write(tmp_path, "gateway/frontend/node_modules/long.py", "x = 1\n" * 500)
    write(tmp_path, ".venv/lib/long.py", "x = 1\n" * 500)
    assert sizes.problems(tmp_path) == []


@pytest.mark.parametrize(
    "line", ["import os\nhome = os.environ['HOME']", "import os\nos.getenv('HOME')", "from os import environ"]
)
def test_environment_is_read_in_config_alone(tmp_path: Path, line: str) -> None:
    write(tmp_path, "shared/config.py", line)
    assert environment.problems(tmp_path) == []
    (problem,) = environment.problems(write(tmp_path, "gateway/cli.py", line))
    assert problem.startswith("gateway/cli.py:")


@pytest.mark.parametrize(
    "text",
    [
        "https://registry.npmjs" + ".org/x",
        "https://files.pythonhosted" + ".org/x",
        "https://pypi" + ".org/simple",
        "-" * 2 + "extra-index" + "-url http://x",
        "index" + "-url = http://x",
        "-" * 2 + "find" + "-links /wheels",
        '{"reso' + 'lved": "https://x"}',
        "see /wo" + "rk/main/x",
        "see /ro" + "ot/x",
    ],
)
def test_addresses_of_registries_and_machines_are_found_in_any_file(tmp_path: Path, text: str) -> None:
    (problem,) = addresses.problems(write(tmp_path, "docs/page.md", f"one\n{text}\n"))
    assert problem.startswith("docs/page.md:2: ")


def test_ordinary_addresses_are_fine(tmp_path: Path) -> None:
    text = "https://github.com/xorbitsai/inference pypi:xinference==4.1.0 extra_index_url working/roots\n"
    assert addresses.problems(write(tmp_path, "docs/page.md", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    x = 1\nexcept Exception:\n    pass\n",
        "for x in []:\n    try:\n        x = 1\n    except:\n        continue\n",
        "import pytest\n\n@pytest.mark." + "skip\ndef test_x(): ...\n",
        "import pytest\npytest.import" + "orskip('x')\n",
    ],
)
def test_silence_is_objected_to(tmp_path: Path, text: str) -> None:
    assert len(habits.problems(write(tmp_path, "tests/unit/test_x.py", text))) == 1


def test_an_exception_named_or_told_is_fine(tmp_path: Path) -> None:
    text = "try:\n    x = 1\nexcept KeyError:\n    pass\nexcept Exception:\n    print('told')\n"
    assert habits.problems(write(tmp_path, "tests/unit/test_x.py", text)) == []


PO = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Models"
msgstr "模型"

{entry}
"""


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ('msgid "Review"\nmsgstr "审核"', 0),
        ('msgid "Review"\nmsgstr ""', 1),
        ('#, fuzzy\nmsgid "Review"\nmsgstr "审核"', 1),
        ('#, python-format\nmsgid "%(n)s models"\nmsgstr "%(m)s 个模型"', 1),
    ],
)
def test_a_text_without_a_checked_translation_is_named(tmp_path: Path, entry: str, problems: int) -> None:
    write(tmp_path, "gateway/translations/zh/LC_MESSAGES/messages.po", PO.format(entry=entry))
    assert len(translations.problems(tmp_path)) == problems


def test_a_table_in_readme_that_differs_is_named_and_written_anew(tmp_path: Path) -> None:
    assert readme_section.differs(tmp_path, "settings", "| new |") == []
    write(tmp_path, "README.md", "# Hub\n<!-- settings -->\n| old |\n<!-- /settings -->\nmore\n")
    assert len(readme_section.differs(tmp_path, "settings", "| new |")) == 1
    readme_section.write(tmp_path, "settings", "| new |")
    assert readme_section.differs(tmp_path, "settings", "| new |") == []
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text == "# Hub\n<!-- settings -->\n\n| new |\n\n<!-- /settings -->\nmore\n"


def test_a_readme_without_its_table_is_named(tmp_path: Path) -> None:
    write(tmp_path, "README.md", "# Hub\n")
    assert len(readme_section.differs(tmp_path, "settings", "| x |")) == 1


POLICIES = '''
from shared.events import review

class Use:
    pass

def publish() -> None:
    """Whenever a revision is approved, then it is published."""

REACTIONS = {review.Approved: publish, review.Rejected: publish}
'''


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """The real checks over a tree with one policy."""
    root = copy_tree(tmp_path / "tree")
    for policies in root.glob("services/*/policies.py"):
        policies.unlink()
    write(root, "services/review/policies.py", POLICIES)
    sections = "<!-- settings -->\n<!-- /settings -->\n<!-- reactions -->\n<!-- /reactions -->\n"
    return write(root, "README.md", sections)


def test_make_readme_satisfies_make_check_until_policies_or_settings_change(small_tree: Path) -> None:
    tables = ("-m", "scripts.check", "readme_settings", "readme_reactions")
    assert python(small_tree, *tables).returncode == 1
    assert python(small_tree, "-m", "scripts.check", "--write").returncode == 0
    assert python(small_tree, *tables).returncode == 0
    readme = (small_tree / "README.md").read_text(encoding="utf-8")
    assert settings_table() in readme
    assert (
        "| `review.Approved`, `review.Rejected` | review: `publish` "
        "| Whenever a revision is approved, then it is published |" in readme
    )
    append(small_tree, "services.review.policies", "REACTIONS.pop(review.Rejected)")
    changed = python(small_tree, *tables)
    assert changed.returncode == 1
    assert "FAILED readme_reactions" in changed.stdout


def test_a_reaction_without_a_sentence_is_refused(small_tree: Path) -> None:
    append(small_tree, "services.review.policies", "REACTIONS[review.Approved] = lambda: None")
    run = python(small_tree, "-m", "scripts.check", "readme_reactions")
    assert run.returncode == 1
    assert "needs a name and a docstring" in run.stdout


def test_a_failing_linter_fails_the_check(small_tree: Path) -> None:
    append(small_tree, "shared.planted", "import os")
    run = python(small_tree, "-m", "scripts.check", "lint", "environment")
    assert run.returncode == 1
    assert "FAILED lint" in run.stdout
    assert "ok     environment" in run.stdout
