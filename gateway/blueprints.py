"""How the REST API's routes are declared: strict bodies and queries, and refusals in the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import abort, g, request
from flask_smorest import Api, Blueprint

from gateway.strict_json import StrictParser
from shared.contracts.wire import schema_of
from shared.errors import Invalid

PROBLEM = "application/problem+json"
WITH_BODY = {"post", "put", "patch"}
SECURITY: dict[str, dict[str, str]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token of the User Center"},
    "session": {"type": "apiKey", "in": "cookie", "name": "hub_session", "description": "With X-CSRFToken"},
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Sending the request again under its key does it once",
    "schema": {"type": "string", "maxLength": 200},
}
Route = Callable[..., Any]
POSITION = re.compile(r"(registry|review|pr_bot|identity):[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemError:
    """`path` is a JSON Pointer into the body, or the parameter's name after a slash; `line` of a document from 1."""

    path: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails:
    """What every refusal looks like; `type` ends in the error's slug, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    correlation_id: str
    errors: list[ProblemError] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)


class HubApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """The OpenAPI document; refusals are answered by `gateway.errors` alone."""

    ERROR_SCHEMA: type[ma.Schema] = schema_of(ProblemDetails)

    def _register_error_handlers(self) -> None:
        """None of flask-smorest's: they would win over ours."""

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE
        for name, scheme in SECURITY.items():
            self.spec.components.security_scheme(name, scheme)


class Routes(Blueprint):  # type: ignore[misc]
    """A blueprint of the REST API: unknown query parameters are refused on every route."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepare_doc_cbks.append(self._prepare_refusals_doc)

    def arguments(self, schema: Any, *, location: str = "json", required: bool = True, **options: Any) -> Any:
        parse = super().arguments(schema, location=location, required=required, **options)

        def decorate(route: Route) -> Route:
            parsed: Route = parse(route)
            return _refuses_empty_body(parsed) if location == "json" and required else parsed

        return decorate

    def response(self, *args: Any, **options: Any) -> Callable[[Route], Route]:
        document = super().response(*args, **options)

        def decorate(route: Route) -> Route:
            decorated: Route = document(_refuses_unknown_query(route))
            return decorated

        return decorate

    @staticmethod
    def _prepare_refusals_doc(
        doc: dict[str, Any], doc_info: Mapping[str, Any], *, method: str, **_context: Any
    ) -> dict[str, Any]:
        refusals = [404, 422]
        if doc_info.get("needs_sign_in"):
            refusals += [401, 403]
            doc["security"] = [{name: []} for name in SECURITY]
            if method == "post":
                doc.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        if method in WITH_BODY:
            refusals += [400, 409, 413, 415]
        responses = doc.setdefault("responses", {})
        for status in sorted(refusals):
            responses.setdefault(str(status), HTTPStatus(status).name)
        return doc


def require_positions(text: str) -> None:
    """Raises Invalid unless it is a `min_position`; for reads that are never older than any position."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        if not POSITION.fullmatch(part):
            problem = {"path": "/min_position", "message": "Expected <service>:<number>."}
            raise Invalid(
                f"min_position {part[:80]!r}: expected <service>:<number> as commands answer it, such as registry:12",
                details={"errors": [problem]},
            )


def needs_sign_in(gated: Route) -> Route:
    """Marks a gate for the OpenAPI document."""
    gated._apidoc = {**getattr(gated, "_apidoc", {}), "needs_sign_in": True}  # type: ignore[attr-defined]
    return gated


def _refuses_empty_body(route: Route) -> Route:
    @wraps(route)
    def strict(*args: Any, **kwargs: Any) -> Any:
        if not request.content_length and not request.get_data(cache=True):
            abort(400, description="The body is empty; send JSON.")
        return route(*args, **kwargs)

    return strict


def _refuses_unknown_query(route: Route) -> Route:
    """Where no query is declared, only `min_position` may be sent: what is read here is never older."""

    @wraps(route)
    def strict(*args: Any, **kwargs: Any) -> Any:
        if not g.get("query_was_read"):
            allowed = {"min_position"} if request.method in ("GET", "HEAD") else set()
            unknown = [name for name in request.args if name not in allowed]
            require_positions(request.args.get("min_position", ""))
            if unknown:
                errors = [{"path": f"/{name}", "message": "Unknown field; leave it out."} for name in unknown]
                raise Invalid(
                    f"query parameter {unknown[0][:80]}: expected none that this address does not know; leave it out",
                    slug="unknown-parameter",
                    details={"errors": errors},
                )
        return route(*args, **kwargs)

    return strict
