"""Typed specifications: each kind of product says which fields it has, and every product's values are checked.

A field has a type, a unit and bounds, so that listings can sort and compare by it and nobody has to parse "5000mAh".
"""

from typing import Any, Literal

import msgspec
from django.core.exceptions import ValidationError

FIELDS_MAX = 60
TEXT_CHARS_MAX = 200


class Choice(msgspec.Struct, frozen=True):
    """One allowed value of a choice field, with its name by language."""

    value: str
    name: dict[str, str]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of a kind's specification."""

    key: str
    name: dict[str, str]
    type: Literal["number", "integer", "text", "choice", "boolean"]
    unit: str = ""
    required: bool = False
    min: float | None = None
    max: float | None = None
    choices: tuple[Choice, ...] = ()


def parse_fields(value: object) -> list[Field]:
    """Turn a kind's stored JSON into fields; raises ValidationError that names what is wrong."""
    try:
        fields = msgspec.convert(value, list[Field])
    except msgspec.ValidationError as error:
        raise ValidationError(f"Not a specification: {error}") from error
    keys = [field.key for field in fields]
    if len(fields) > FIELDS_MAX or len(set(keys)) != len(keys):
        raise ValidationError(f"A specification has at most {FIELDS_MAX} fields, each key once.")
    return fields


def check_specification(fields: list[Field], values: object) -> None:
    """Raise ValidationError, with one message a field, unless `values` fits `fields`."""
    if not isinstance(values, dict):
        raise ValidationError("A specification is an object of values by field key.")
    known = {field.key: field for field in fields}
    problems = [f"{key}: this kind of product has no such field." for key in values if key not in known]
    for field in fields:
        if field.key in values:
            problem = _problem(field, values[field.key])
            if problem:
                problems.append(f"{field.key}: {problem}")
        elif field.required:
            problems.append(f"{field.key}: this field is required.")
    if problems:
        raise ValidationError(problems)


def _problem(field: Field, value: Any) -> str | None:
    match field.type:
        case "boolean":
            return None if isinstance(value, bool) else "must be true or false."
        case "text":
            fits = isinstance(value, str) and 0 < len(value) <= TEXT_CHARS_MAX
            return None if fits else f"must be a text of 1 to {TEXT_CHARS_MAX} characters."
        case "choice":
            allowed = [choice.value for choice in field.choices]
            return None if value in allowed else f"must be one of {', '.join(allowed)}."
        case _:
            return _number_problem(field, value)


def _number_problem(field: Field, value: Any) -> str | None:
    wanted = int if field.type == "integer" else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted) or value != value:
        return f"must be {'a whole number' if field.type == 'integer' else 'a number'} in {field.unit or 'no unit'}."
    if field.min is not None and value < field.min:
        return f"must be at least {field.min:g} {field.unit}".strip() + "."
    if field.max is not None and value > field.max:
        return f"must be at most {field.max:g} {field.unit}".strip() + "."
    return None
