"""What the services say, in the page's language: they speak English alone, and never know who reads.

Each sentence is a template of theirs with its values named; what none matches stays as it is. The API
answers the services' own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from flask_babel import gettext

from gateway import finding_words
from gateway.i18n import DEFAULT, current_language

_VALUE = re.compile(r"%\((\w+)\)s")
# What stands in quotes is one value, whatever it holds.
_ANY = r'"(?:[^"\\]|\\.)*"|.*?'
_NUMBERS = frozenset({"count", "line", "column"})
_HOLD_PHRASES = frozenset({"expected", "remedy", "why", "kept", "text", "states"})
_MARK = "\x01"
_CHINESE = "[\u3400-\u9fff]"
_NO_SPACE = re.compile(f"(?<={_CHINESE}) (?={_MARK}{_CHINESE})|(?<={_CHINESE}{_MARK}) (?={_CHINESE})")


def _l(sentence: str) -> str:
    """Marks a sentence for the catalogue."""
    return sentence


_OF_SERVICES = (
    _l("closed upstream"),
    _l("HUB_UPSTREAM is off: this hub opens no pull requests"),
    _l("a request of another account replaces it"),
    _l("a newer request replaces it"),
    _l("its newest revision waits for a reviewer; once approved it joins its owner's next pull request"),
    _l("its newest revision was rejected; once a newer one is approved it joins its owner's next pull request"),
    _l("its owner's open pull request carries as many models as one may; it joins the next"),
    _l("the model is to be removed upstream, which a request of its own does"),
    _l("pull requests are of one model each again"),
    _l("its first owner is another since"),
    _l("upstream changed the same fields; merge them in the hub"),
    _l("the target branch holds this content already"),
    _l("upstream holds this name as %(type)s; an operator decides"),
    _l(
        "%(model)s: upstream's branch holds content at %(commit)s that the hub has not taken over yet; it is "
        "tried again once it has"
    ),
    _l(
        "%(name)s committed %(commit)s to the branch; the bot leaves it alone until somebody asks for a "
        "rebuild or removes the commit"
    ),
    _l("the branch does not hold %(model)s any more"),
    _l(
        "no pull request can be opened: this hub has no default GitHub token (HUB_GITHUB_TOKEN), and the "
        "model's owner has stored none; store a personal token in the User Center"
    ),
    _l("store a new one in the User Center, with scopes repo and workflow"),
    _l("the hub has no such model"),
    _l("the model is archived"),
    _l("the model is archived, and %(kept)s"),
    _l("it is not public, so upstream keeps what it holds"),
    _l("upstream does not hold it"),
    _l("the model is quarantined"),
    _l("upstream removed the model; a person decides what follows"),
    _l("no submission is waiting or published"),
    _l("the model is not public"),
    _l("revision %(number)s changes the README alone, which upstream does not hold"),
    _l("the model was archived before the approval arrived"),
    _l("the revision was %(state)s before the approval arrived"),
    _l("the approval was given for other content"),
    _l("the model was archived"),
    _l("the hub holds this name as %(type)s, upstream as %(other)s"),
    _l("an unpublished model of the hub holds this name"),
    _l("clients do not ask for the type %(type)s"),
    _l("the model is %(state)s"),
    _l("the model is %(visibility)s: only its owners and groups get it, with an API token"),
    _l("Schema and client rules hold"),
    _l("%(subject)s is missing: expected %(expected)s; %(remedy)s"),
    _l("%(subject)s: expected %(expected)s, found %(found)s; %(remedy)s"),
    _l("%(subject)s: expected one of %(values)s, found %(found)s; %(remedy)s"),
    _l(
        "is_builtin: expected no such member, found %(found)s; remove it: it marks what Xinference packages "
        "itself, and would let a client run the repository's own code unasked"
    ),
    _l("%(subject)s: expected it in the record, found in %(place)s; move it: a client would take it over from there"),
    _l(
        "%(subject)s: expected %(name)s, the record's own, found %(found)s; remove it: a client would file "
        "the model under it"
    ),
    _l("model_name is missing: expected a name such as qwen3-8b; add it, clients find the model by it"),
    _l(
        "model_name: expected letters, digits, dots, underscores and hyphens (ASCII), found %(found)s; rename the model"
    ),
    _l("model_name: expected at most %(limit)s characters, found %(length)s; shorten it"),
    _l("model_name: expected a name that a git branch and an address can carry, found %(found)s: %(why)s; rename it"),
    _l("model_name: expected %(name)s, the model this document belongs to, found %(found)s; put it back"),
    _l(
        "model_name: expected %(name)s as in the first record, found %(found)s; the records of a document are"
        " variants of one model: register others on their own"
    ),
    _l(
        "the document holds %(count)s records: expected one, only audio and video models have variants; merge"
        " them into one record with several model_specs, or register each model on its own"
    ),
    _l(
        "record %(number)s: expected another engine, model_format, quantization or cache_name than record "
        "%(other)s, found the same; tell the variants apart, or merge them"
    ),
    _l("the document: expected at most %(limit)s %(what)s, found more; leave out what no client needs"),
    _l("there are more errors: correct those above and validate again"),
    _l("%(subject)s is not known to any release: clients pass over it; %(remedy)s"),
    _l("%(subject)s is no hub that clients load from: expected one of %(values)s; correct it, or leave it out"),
    _l("%(subject)s: expected {quantization} in it, as there are several; add it, or every one loads the same file"),
    _l("%(subject)s: expected the parts of %(names)s too, as no single file is named; add them"),
    _l("runs code of the model's repository on the client's machine: %(subject)s is on"),
    _l("runs code fetched from %(found)s on the client's machine"),
    _l("source_revision %(found)s is no commit hash: the code that clients run can change unseen"),
    _l("installs a package from an address outside the package index: %(found)s"),
    _l("hands pip an option in the list of packages: %(found)s"),
    _l("installs packages from a place of the model's choosing, %(subject)s: %(found)s"),
    _l("mixes package indexes by %(found)s: one index can stand in for another's package"),
    _l("%(count)s of %(total)s sources name no fixed revision: what clients load can change without a review"),
    _l("chat_template reaches into Python objects: it holds %(found)s"),
)
_OF_THE_EDGE = (
    _l("The request could not be read; check that the body is JSON in UTF-8 and nothing else."),
    _l("There is nothing here that you may see; check the address."),
    _l("This address does not answer to that method; see /api/docs."),
    _l("The request is larger than this hub takes (8 MiB); send less."),
    _l("this needs the role operator; ask an operator"),
    _l("this needs the role maintainer or operator; ask an operator"),
    _l("this needs the role reviewer or operator; ask an operator"),
    _l("model %(name)s: this needs the operator role; ask an operator"),
    _l("reviewing needs the reviewer role; ask an operator"),
    _l(
        "CSRF token: expected the one of this session (GET /api/v1/session) in the X-CSRFToken header or the "
        "csrf_token form field; reload the page and try again"
    ),
)
"""What the gateway refuses by itself, also on pages."""
SENTENCES = (*_OF_SERVICES, *_OF_THE_EDGE, *finding_words.SENTENCES)
PHRASES = (*SENTENCES, *finding_words.PHRASES)


def in_language(text: str) -> str:
    """The service's sentence as the reader's language has it; values that are sentences, too."""
    return _said(text, SENTENCES) if _is_foreign(text) else text


def phrase_in_language(text: str) -> str:
    """The same for what stands within a sentence, such as why a client refuses a model."""
    return _said(text, PHRASES) if _is_foreign(text) else text


def _is_foreign(text: str) -> bool:
    return bool(text) and current_language() != DEFAULT


def _said(text: str, table: tuple[str, ...]) -> str:
    if text in _plain(table):
        return str(gettext(text))
    for words, pattern, sentence in _patterns(table):
        found = pattern.fullmatch(text) if words in text else None
        if found is not None:
            return _filled(str(gettext(sentence)), found.groupdict())
    first, separator, rest = text.rpartition("; ")
    return f"{_said(first, table)}; {_said(rest, table)}" if separator else text


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    """The values in their places; no space between two Chinese words where a translated one stands."""
    marked = {name: _value(name, value) for name, value in values.items()}
    return _NO_SPACE.sub("", sentence % marked).replace(_MARK, "")


def _value(name: str, value: str) -> str:
    said = _said(value, PHRASES) if name in _HOLD_PHRASES else _exactly(value)
    return said if said == value else f"{_MARK}{said}{_MARK}"


def _exactly(value: str) -> str:
    """Most values are people's own words: only what a service says of them word by word is translated."""
    return str(gettext(value)) if value in _plain(PHRASES) else value


@cache
def _plain(table: tuple[str, ...]) -> frozenset[str]:
    return frozenset(each for each in table if not _VALUE.search(each))


@cache
def _patterns(table: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """(longest run of own words, pattern, sentence), those with the most words of their own first, so that none is
    taken for a value of another."""
    holed = sorted((each for each in table if _VALUE.search(each)), key=lambda each: -len(_VALUE.sub("", each)))
    return tuple((max(_VALUE.split(each)[::2], key=len), _pattern(each), each) for each in holed)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _VALUE.split(sentence)
    words = (_hole(part) if number % 2 else re.escape(part) for number, part in enumerate(parts))
    return re.compile("".join(words), re.DOTALL)


def _hole(name: str) -> str:
    return f"(?P<{name}>{r'[0-9]+' if name in _NUMBERS else _ANY})"
