"""What validation says: constant templates, and the values that fill them, so that they can be translated.

Each names the subject, what was expected, what was found and what to do.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MISSING = "{subject} is missing: expected {expected}; {remedy}"
WRONG = "{subject}: expected {expected}, found {found}; {remedy}"
NOT_ONE_OF = "{subject}: expected one of {values}, found {found}; {remedy}"
IS_BUILTIN = (
    "is_builtin: expected no such member, found {found}; remove it: it marks what Xinference packages "
    "itself, and would let a client run the repository's own code unasked"
)
FIXED_IN_RECORD = (
    "{subject}: expected it in the record, found in {place}; move it: a client would take it over from there"
)
OTHER_NAME_INSIDE = (
    "{subject}: expected {name}, the record's own, found {found}; remove it: a client would file the model under it"
)
NAME_MISSING = "model_name is missing: expected a name such as qwen3-8b; add it, clients find the model by it"
NAME_CHARACTERS = (
    "model_name: expected letters, digits, dots, underscores and hyphens (ASCII), found {found}; rename the model"
)
NAME_LENGTH = "model_name: expected at most {limit} characters, found {length}; shorten it"
NAME_UNFIT = "model_name: expected a name that a git branch and an address can carry, found {found}: {why}; rename it"
NAME_DIFFERS = "model_name: expected {name}, the model this document belongs to, found {found}; put it back"
NAMES_DIFFER = (
    "model_name: expected {name} as in the first record, found {found}; "
    "the records of a document are variants of one model: register others on their own"
)
ONE_RECORD = (
    "the document holds {count} records: expected one, only audio and video models have variants; "
    "merge them into one record with several model_specs, or register each model on its own"
)
SAME_VARIANT = (
    "record {number}: expected another engine, model_format, quantization or cache_name than record {other}, "
    "found the same; tell the variants apart, or merge them"
)
TOO_MANY = "the document: expected at most {limit} {what}, found more; leave out what no client needs"
MORE = "there are more errors: correct those above and validate again"
CLIENT = "{text}"
"""A sentence of the table of client releases, as it is."""

UNKNOWN_MEMBER = "{subject} is not known to any release: clients pass over it; {remedy}"
NO_UPSTREAM_HUB = "{subject} is no hub that clients load from: expected one of {values}; correct it, or leave it out"
NO_SLOT = "{subject}: expected {{quantization}} in it, as there are several; add it, or every one loads the same file"
PARTS_MISSING = "{subject}: expected the parts of {names} too, as no single file is named; add them"
RISK_REMOTE_CODE = "runs code of the model's repository on the client's machine: {subject} is on"
RISK_SOURCE_CODE = "runs code fetched from {found} on the client's machine"
RISK_MOVING_CODE = "source_revision {found} is no commit hash: the code that clients run can change unseen"
RISK_PACKAGE_ADDRESS = "installs a package from an address outside the package index: {found}"
RISK_PACKAGE_OPTION = "hands pip an option in the list of packages: {found}"
RISK_PACKAGE_SOURCE = "installs packages from a place of the model's choosing, {subject}: {found}"
RISK_INDEX_STRATEGY = "mixes package indexes by {found}: one index can stand in for another's package"
RISK_FLOATING = "{count} of {total} sources name no fixed revision: what clients load can change without a review"
RISK_TEMPLATE = "chat_template reaches into Python objects: it holds {found}"

LIMIT_OF_A_VALUE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to tell a maintainer. `path` is a JSON Pointer into the document; line and column from 1.

    `kind`: error; or, of warnings, release (hurts a supported client release), risk, advice.
    """

    template: str
    values: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    line: int = 0
    column: int = 0
    kind: str = "error"

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


def problem(template: str, path: str = "", *, kind: str = "error", **values: object) -> Problem:
    return Problem(template=template, values={name: str(value) for name, value in values.items()}, path=path, kind=kind)


def shown(value: object) -> str:
    """The value as it stands in a message: short, and on one line."""
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value == "":
        return "an empty string"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**18:
        return "a number of more than 18 digits"
    text = json.dumps(value, ensure_ascii=False)
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return printable if len(printable) <= LIMIT_OF_A_VALUE else printable[: LIMIT_OF_A_VALUE - 1] + "…"


def closest(word: object, known: Sequence[str]) -> str:
    """The known word that was probably meant, or ""."""
    if not isinstance(word, str) or len(word) > LIMIT_OF_A_VALUE:
        return ""
    by_case = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), by_case, n=1, cutoff=0.75)
    return by_case[found[0]] if found else ""
