"""The rules applied to what people send: refusals, the checks a submission keeps, reports for editors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.registry import rules
from services.registry.rules.schemas import TITLES
from shared import document
from shared.client_release_table import packaged_table
from shared.client_releases import release_key
from shared.contracts import registry as api
from shared.errors import Invalid, NotFound
from shared.events import registry as facts

KEPT_CHECKS = 50


class DocumentRefused(Invalid):
    slug = "document-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """`name` as the document spells it."""

    name: str
    checks: tuple[facts.Check, ...]


class Validation:
    """`clients_from` is the oldest client release whose troubles are warned of."""

    def __init__(self, *, clients_from: str) -> None:
        self._table = packaged_table()
        oldest = release_key(clients_from)
        self._window = tuple(release for release in self._table.releases if release_key(release) >= oldest)

    def accepted(self, model_type: str, text: str, *, name: str | None) -> Accepted:
        """Raises DocumentRefused with every problem and its place."""
        report = self._validate(model_type, text, name=name)
        if not report.ok:
            raise _refused(report.errors)
        return Accepted(name=report.model_name, checks=_checks(report.warnings, ok=True))

    def draft(self, model_type: str, text: str, *, name: str | None) -> Accepted:
        """A draft must parse and carry a valid name; its other errors are kept as checks and shown."""
        report = self._validate(model_type, text, name=name)
        if not report.model_name:
            raise _refused(report.errors)
        return Accepted(name=report.model_name, checks=_checks((*report.errors, *report.warnings), ok=report.ok))

    def _validate(self, model_type: str, text: str, *, name: str | None) -> rules.Report:
        return rules.validate(model_type, text, table=self._table, releases=self._window, name=name or "")

    def report(self, model_type: str, text: str) -> api.ValidationReport:
        """For editors: every problem, nothing refused."""
        report = self._validate(model_type, text, name=None)
        return api.ValidationReport(ok=report.ok, errors=_problems(report.errors), warnings=_problems(report.warnings))

    def readme(self, model_type: str, text: str) -> str:
        """A README to start from; raises DocumentRefused where the document does not parse."""
        try:
            document.parse(text)
        except Invalid as error:
            errors = [each | {"path": f"/document{each['path']}"} for each in error.details["errors"]]
            raise DocumentRefused(error.message, details={"errors": errors}) from error
        return rules.readme_template(model_type, text)

    def types(self) -> api.TypesAnswer:
        items = [
            api.TypeDescription(type=name, title=TITLES[name], required=list(rules.required_of(name)))
            for name in rules.TYPES
        ]
        return api.TypesAnswer(items=items, total=len(items))

    def schema(self, model_type: str) -> dict[str, object]:
        """Raises NotFound for no type of ours."""
        try:
            return dict(rules.schema_of(model_type))
        except KeyError:
            raise NotFound(f"type {model_type}: expected one of {', '.join(rules.TYPES)}") from None


def _problems(found: Iterable[rules.Problem]) -> list[api.Problem]:
    return [api.Problem(path=p.path, message=p.message, line=p.line, column=p.column) for p in found]


def _checks(found: Iterable[rules.Problem], *, ok: bool) -> tuple[facts.Check, ...]:
    listed = [
        facts.Check(level="error" if p.kind == "error" else "warning", message=p.message, path=p.path) for p in found
    ]
    verdict = facts.Check(level="ok", message="Schema and client rules hold")
    return (*((verdict,) if ok else ()), *listed[:KEPT_CHECKS])


def _refused(problems: tuple[rules.Problem, ...]) -> DocumentRefused:
    first = problems[0]
    where = f" (line {first.line}, column {first.column})" if first.line else ""
    more = f"; {len(problems) - 1} more problems" if len(problems) > 1 else ""
    errors = [
        {"path": f"/document{p.path}", "message": p.message, "line": p.line, "column": p.column} for p in problems
    ]
    return DocumentRefused(
        f"document: {first.path or 'the document'}{where}: {first.message}{more}", details={"errors": errors}
    )
