"""What a model's document must be, for all seven types: schemas, validation, risks, README template. Pure."""

from __future__ import annotations

from services.registry.rules.advice import risks
from services.registry.rules.messages import Problem
from services.registry.rules.readme import readme_template
from services.registry.rules.schemas import TITLES, TYPES, record_schema, required_of, schema_of
from services.registry.rules.validation import Report, validate

__all__ = [
    "TITLES",
    "TYPES",
    "Problem",
    "Report",
    "readme_template",
    "record_schema",
    "required_of",
    "risks",
    "schema_of",
    "validate",
]
