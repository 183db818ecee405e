"""What a person typed on an editing page, and what came of it: nothing typed is lost, whatever the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gateway.findings import finding
from gateway.form_edits import apply_act, apply_form
from gateway.form_values import are_texts
from gateway.model_form import ModelForm, Schema
from gateway.service_words import in_language
from shared.document import Merge as DocumentMerge
from shared.document import MergeConflict, merge, remove_member, set_member
from shared.errors import HubError
from shared.model_facts import TYPES

VIEWS = ("both", "form", "json")


class Form(Protocol):
    """A sent form, as werkzeug gives it."""

    def get(self, key: str, default: str, /) -> str: ...

    def lists(self) -> Iterable[tuple[str, Sequence[str]]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The editing form's fields. `otherwise` is who sees the model while it is not public.

    `sent` are the fields of the document's form; `view` which of both is shown: form, json or both.
    """

    type: str = TYPES[0]
    document: str = ""
    readme: str = ""
    public: bool = False
    otherwise: str = "private"
    message: str = ""
    view: str = "both"
    sent: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def visibility(self) -> str:
        return "public" if self.public else self.otherwise

    @property
    def document_mark(self) -> str:
        """Travels with the page, to know later whether the text was changed there."""
        return hashlib.sha256(self.document.encode(errors="replace")).hexdigest()


def written(*, model_type: str, document: str, readme: str, visibility: str, message: str = "") -> Typed:
    """What a page shows of a revision before anything is typed."""
    return Typed(
        type=model_type,
        document=document,
        readme=readme,
        public=visibility == "public",
        otherwise=visibility if visibility in ("enterprise", "private") else "private",
        message=message,
    )


def typed(form: Form, *, model_type: str = "") -> Typed:
    """The form's fields; line ends as the text had them before the browser sent it."""
    wish = model_type or form.get("type", "")
    sent = {name: [plain_lines(value) for value in values] for name, values in form.lists() if is_field(name)}
    return Typed(
        type=wish if wish in TYPES else TYPES[0],
        document=plain_lines(form.get("document", "")),
        readme=plain_lines(form.get("readme", "")),
        public=form.get("public", "") == "1",
        otherwise="enterprise" if form.get("otherwise", "") == "enterprise" else "private",
        message=plain_lines(form.get("message", "")).strip(),
        view=view if (view := form.get("view", "")) in VIEWS else VIEWS[0],
        sent=sent,
    )


def is_field(name: str) -> bool:
    """Whether it is a field of the document's form."""
    return name.startswith(("f:", "f+:"))


def plain_lines(text: str) -> str:
    """Browsers send every line end of a text box as CR LF."""
    return text.replace("\r\n", "\n")


def form_mark(form: ModelForm) -> str:
    """Travels with the page, to know later which fields were changed there."""
    shown = {each.pointer: list(each.items) if each.kind == "chips" else each.value for each in form.fields}
    return json.dumps(shown, ensure_ascii=False)


def with_form(draft: Typed, form: Form, *, schema: Schema, asked: bool) -> Typed:
    """The draft with what its form changed in the JSON: where asked for, and where it alone was changed on the page.

    Where the text was changed too it has the last word. Raises Invalid where it cannot be read.
    """
    shown = _mark(form.get("form_was", ""))
    news = {name: values for name, values in draft.sent.items() if _is_news(name, draft.sent, shown=shown)}
    is_text_new = form.get("document_was", "") != draft.document_mark
    if not news or (not asked and draft.document.strip() and is_text_new):
        return draft
    return replace(draft, document=apply_form(draft.type, draft.document, schema=schema, sent=news))


def with_act(draft: Typed, act: str, *, schema: Schema) -> Typed:
    """The draft after something was added to the document or removed. Raises Invalid."""
    return replace(draft, document=apply_act(draft.document, act, schema=schema))


def _is_news(name: str, sent: Mapping[str, Sequence[str]], *, shown: Mapping[str, Any]) -> bool:
    """Whether another value came back than the page showed; of ticks, all of a group or none are."""
    pointer = name.partition(":")[2]
    before = shown.get(pointer, "")
    if f"f+:{pointer}" not in sent:
        return bool(list(sent[name]) != [before])
    more = "".join(sent[f"f+:{pointer}"]).strip()
    return bool(more) or set(sent.get(f"f:{pointer}", ())) != set(before)


def _mark(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {name: said for name, said in value.items() if isinstance(said, str) or are_texts(said)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something was not done. `fields` by form field, `problems` beside the JSON text, `errors` for the summary."""

    status: int
    message: str
    errors: list[dict[str, str]] = field(default_factory=list)
    fields: Mapping[str, str] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)


def refusal(error: HubError, *, status: int, fields: Mapping[str, str] | None = None) -> Refusal:
    """An error in the page's language. `fields` maps a pointer's first part to the form field it stands at."""
    known = fields or {}
    by_field: dict[str, str] = {}
    problems: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    for item in error.details.get("errors", []):
        path, message = str(item.get("path", "")), str(item.get("message", ""))
        name = path.split("/")[1] if path.count("/") else ""
        name = known.get(name, name)
        if name == "document":
            place = path.removeprefix("/document")
            problems.append(finding("error", message, path=place, line=item.get("line", 0)))
            continue
        message = in_language(message)
        by_field.setdefault(name, message)
        errors.append({"field": name, "message": message})
    if problems:
        by_field["document"] = problems[0]["message"]
    return Refusal(status=status, message=in_language(error.message), errors=errors, fields=by_field, problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two people changed one model: what a three-way merge makes of it. `text` is None where they conflict."""

    base: str
    mine: str
    theirs: str
    text: str | None
    conflicts: tuple[MergeConflict, ...] = ()


def meeting(base: str, mine: str, theirs: str) -> Meeting:
    """Raises Invalid where a text cannot be read."""
    found = merge(base or "{}", mine, theirs)
    return Meeting(base=base, mine=mine, theirs=theirs, text=found.text, conflicts=found.conflicts)


def settled(met: Meeting, choices: Mapping[str, str]) -> Meeting:
    """The merge with each conflict decided: `choices` maps its path to `mine` or `theirs`; others stay open."""
    base = met.base or "{}"
    mine, theirs = met.mine, met.theirs
    # The same conflicts seen from the other side say where each place lies in my text.
    mirrored = {(c.base, c.theirs, c.ours): c.path for c in merge(base, theirs, mine).conflicts}
    for conflict in sorted(met.conflicts, key=lambda each: each.path, reverse=True):
        choice = choices.get(conflict.path)
        if choice == "mine":
            theirs = _with(theirs, conflict.path, conflict.ours)
        elif choice == "theirs":
            mine = _with(mine, mirrored.get((conflict.base, conflict.ours, conflict.theirs), ""), conflict.theirs)
    found: DocumentMerge = merge(base, mine, theirs)
    return Meeting(base=met.base, mine=mine, theirs=theirs, text=found.text, conflicts=found.conflicts)


def _with(text: str, pointer: str, raw: str | None) -> str:
    if not pointer:
        return text
    try:
        return remove_member(text, pointer) if raw is None else set_member(text, pointer, raw)
    except HubError:
        # The place is gone: the conflict stays open, and people decide it in the text.
        return text
