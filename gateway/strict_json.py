"""JSON bodies read strictly: UTF-8, no BOM, no duplicate keys, no NaN, no depth that stops the parser."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from flask import Request, abort, g
from webargs import core
from webargs.flaskparser import FlaskParser

MAX_DEPTH = 64


class BadJson(ValueError):
    """Says what is wrong and where, for people."""


def loads(data: bytes) -> Any:
    """The value; raises BadJson."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise BadJson("the body starts with a byte order mark; send UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"the body is not UTF-8 at byte {error.start}") from error
    _refuse_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_short_int,
            parse_float=_finite_float,
        )
    except json.JSONDecodeError as error:
        raise BadJson(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise BadJson(f"the body nests deeper than {MAX_DEPTH}; flatten it") from error


def _refuse_depth(text: str) -> None:
    # Brackets inside strings count too, so this only spares the parser what is hopeless.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson(f"the body nests deeper than {MAX_DEPTH}; flatten it")
        elif character in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJson(f"the body has the key {twice!r} twice in one object; send it once")
    return found


def _no_constant(name: str) -> Any:
    raise BadJson(f"the body holds {name}, which is not JSON; send a number or null")


def _short_int(digits: str) -> int:
    if len(digits) > 19:
        raise BadJson(f"the body holds an integer of {len(digits)} characters; at most 64 bit are taken")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise BadJson(f"the body holds {digits[:24]}, more than a 64-bit float can hold; send a smaller number")
    return number


class StrictParser(FlaskParser):
    """Unknown body fields and query parameters are refused; a body that is no JSON is 415, a bad one 400."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 webargs' own attribute
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": None,
        "query": "raise",
    }

    def load_querystring(self, req: Request, schema: Any) -> Any:
        g.query_was_read = True
        return super().load_querystring(req, schema)

    def _raw_load_json(self, req: Request) -> Any:
        data = req.get_data(cache=True)
        # A form has been read by then where its CSRF token was looked for: it leaves no data behind.
        if not core.is_json(req.mimetype) and (data or req.content_length or req.form or req.files):
            abort(415, description="Expected a body of type application/json; set Content-Type.")
        if not data:
            return core.missing
        if req.content_length is None and len(data) >= (req.max_content_length or 0):
            abort(413)
        try:
            return loads(data)
        except BadJson as error:
            abort(400, description=f"{error}.")
