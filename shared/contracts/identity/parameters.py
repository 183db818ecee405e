"""Values that several messages share."""

from __future__ import annotations

from typing import Annotated, Literal

import marshmallow as ma

from shared.contracts.wire import CleanString

Login = Annotated[
    str,
    CleanString(
        required=True,
        validate=ma.validate.Regexp(
            r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\Z",
            error="Must be 1 to 39 letters, digits or inner hyphens.",
        ),
    ),
]
Email = Annotated[str, ma.fields.Email(required=True, validate=ma.validate.Length(max=254))]
Password = Annotated[
    str, CleanString(required=True, validate=ma.validate.Length(10, 200), metadata={"format": "password"})
]
AnyPassword = Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 1000))]
Secret = Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 1000))]
Scope = Literal["read", "write", "admin"]
