"""Parameters that several queries share."""

from __future__ import annotations

from typing import Annotated

import marshmallow as ma

from shared.contracts.wire import CleanString, StrictInteger

Page = Annotated[int, ma.fields.Integer(load_default=1, validate=ma.validate.Range(1, 1_000_000))]
PerPage = Annotated[int, ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 200))]
WholePage = Annotated[int, ma.fields.Integer(load_default=200, validate=ma.validate.Range(1, 200))]
SizeB = Annotated[
    float | None, ma.fields.Float(load_default=None, allow_none=True, validate=ma.validate.Range(0, 1_000_000))
]
FitsGb = Annotated[
    float | None, ma.fields.Float(load_default=None, allow_none=True, validate=ma.validate.Range(0.1, 1_000_000))
]
QueryText = Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=300))]
RevisionNumbers = Annotated[
    list[int], ma.fields.List(StrictInteger(), required=True, validate=ma.validate.Length(max=50))
]
