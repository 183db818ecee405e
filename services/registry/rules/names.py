"""What a model may be called: its name becomes an address, a branch and a file name."""

from __future__ import annotations

import re

from services.registry.rules import messages as m
from services.registry.rules.messages import Problem, problem, shown

LONGEST_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_UNFIT = (
    (re.compile(r"\.{1,2}"), "it is a folder's own name"),
    (re.compile(r"\..*"), "it starts with a dot"),
    (re.compile(r"-.*"), "it starts with a hyphen"),
    (re.compile(r".*\.\..*"), "it holds two dots in a row"),
    (re.compile(r".*\.lock", re.IGNORECASE), "it ends in .lock"),
    (re.compile(r".*\."), "it ends in a dot"),
)


def name_problem(name: object, path: str) -> Problem | None:
    """Why this is no name for a model; None where it is one."""
    if not isinstance(name, str):
        return problem(m.NAME_CHARACTERS, path, found=shown(name))
    if len(name) > LONGEST_NAME:
        return problem(m.NAME_LENGTH, path, limit=LONGEST_NAME, length=len(name))
    if not _NAME.fullmatch(name):
        return problem(m.NAME_CHARACTERS, path, found=shown(name))
    why = next((reason for unfit, reason in _UNFIT if unfit.fullmatch(name)), "")
    return problem(m.NAME_UNFIT, path, found=shown(name), why=why) if why else None
