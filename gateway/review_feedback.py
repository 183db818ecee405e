"""What reviewers write again and again, to be sent as it is or to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class Template:
    """`slug` names it in addresses; `title` in the list; `text` goes into the box."""

    slug: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    templates: tuple[Template, ...]


def feedback_groups() -> tuple[Group, ...]:
    """In the reader's language, by what a reviewer answers for."""
    return (
        Group(_("Quality"), _quality()),
        Group(_("Completeness"), _completeness()),
        Group(_("Compliance"), _compliance()),
    )


def _quality() -> tuple[Template, ...]:
    return (
        Template(
            "launch",
            _("Does not launch"),
            _("It does not launch as described. Please try every new size and format once and say what you ran."),
        ),
        Template(
            "context",
            _("Context length"),
            _("The context length is larger than the model's own configuration says. Please set it to what it states."),
        ),
        Template(
            "template",
            _("Chat template"),
            _("The chat template differs from the model's own. Please take over the original, or say why it differs."),
        ),
    )


def _completeness() -> tuple[Template, ...]:
    return (
        Template(
            "sizes",
            _("Sizes or sources missing"),
            _("Sizes, formats or sources are missing. Please add those that the publisher offers."),
        ),
        Template(
            "pin",
            _("Pin the revision"),
            _("A source has no pinned revision. Please name the commit, so that what clients load cannot change."),
        ),
        Template(
            "readme",
            _("README"),
            _("The README does not say what the model is for, what it needs and who made it. Please add that."),
        ),
    )


def _compliance() -> tuple[Template, ...]:
    return (
        Template(
            "licence",
            _("Licence"),
            _("Please name the licence in the README and check that it allows what we do here."),
        ),
        Template(
            "remote-code",
            _("Remote code"),
            _("The model runs code from its repository. Please pin the commit and say who has read that code."),
        ),
        Template(
            "packages",
            _("Packages"),
            _("The virtual environment takes packages from outside the usual index. Please use released versions."),
        ),
    )


def feedback_text(slug: str) -> str:
    """The text of a template; empty where there is none of the name."""
    found = (each for group in feedback_groups() for each in group.templates if each.slug == slug)
    return next((each.text for each in found), "")
