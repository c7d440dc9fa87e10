"""Typed specifications: what fits, and what is said when something does not."""

from contextlib import suppress

import hypothesis.strategies as st
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given

from setaria.goods.catalog.specification import FIELDS_MAX, check_specification, parse_fields

PHONE = [
    {"key": "screen", "name": {"en": "Screen"}, "type": "number", "unit": "in", "required": True, "min": 3, "max": 8},
    {"key": "battery", "name": {"en": "Battery"}, "type": "integer", "unit": "mAh", "min": 1},
    {"key": "chip", "name": {"en": "Chip"}, "type": "text"},
    {"key": "nfc", "name": {"en": "NFC"}, "type": "boolean"},
    {"key": "port", "name": {"en": "Port"}, "type": "choice",
     "choices": [{"value": "usb-c", "name": {"en": "USB-C"}}, {"value": "none", "name": {"en": "None"}}]},
]  # fmt: skip


def problems(values: object) -> list[str]:
    try:
        check_specification(parse_fields(PHONE), values)
    except ValidationError as error:
        return error.messages
    return []


@pytest.mark.parametrize(
    "values",
    [
        {"screen": 5},
        {"screen": 5.15, "battery": 3350, "chip": "S1", "nfc": True, "port": "usb-c"},
        {"screen": 3},
        {"screen": 8.0},
    ],
)
def test_what_fits(values: dict[str, object]) -> None:
    assert problems(values) == []


@pytest.mark.parametrize(
    "values, expected",
    [
        ({}, ["screen: this field is required."]),
        ({"screen": 2.9}, ["screen: must be at least 3 in."]),
        ({"screen": 9}, ["screen: must be at most 8 in."]),
        ({"screen": "5"}, ["screen: must be a number in in."]),
        ({"screen": True}, ["screen: must be a number in in."]),
        ({"screen": None}, ["screen: must be a number in in."]),
        ({"screen": float("nan")}, ["screen: must be a number in in."]),
        ({"screen": float("inf")}, ["screen: must be at most 8 in."]),
        ({"screen": 5, "battery": 3350.5}, ["battery: must be a whole number in mAh."]),
        ({"screen": 5, "battery": 0}, ["battery: must be at least 1 mAh."]),
        ({"screen": 5, "chip": ""}, ["chip: must be a text of 1 to 200 characters."]),
        ({"screen": 5, "chip": "x" * 201}, ["chip: must be a text of 1 to 200 characters."]),
        ({"screen": 5, "chip": 7}, ["chip: must be a text of 1 to 200 characters."]),
        ({"screen": 5, "nfc": 1}, ["nfc: must be true or false."]),
        ({"screen": 5, "port": "usb-a"}, ["port: must be one of usb-c, none."]),
        ({"screen": 5, "port": ["usb-c"]}, ["port: must be one of usb-c, none."]),
        ({"screen": 5, "colour": "red"}, ["colour: this kind of product has no such field."]),
        ({"colour": 1, "nfc": 0}, ["colour: this kind of product has no such field.", "screen: this field is required.",
                                   "nfc: must be true or false."]),
        ([], ["A specification is an object of values by field key."]),
        (None, ["A specification is an object of values by field key."]),
    ],
)  # fmt: skip
def test_what_does_not(values: object, expected: list[str]) -> None:
    assert problems(values) == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([field["key"] for field in PHONE]), anything) | anything)
def test_nothing_raises_anything_else(values: object) -> None:
    assert all(isinstance(problem, str) for problem in problems(values))


@pytest.mark.parametrize(
    "fields",
    [
        None, {}, "x", [1], [{"key": "x"}],
        [{"key": "x", "name": {"en": "X"}, "type": "colour"}],
        [{"key": "x", "name": {"en": "X"}, "type": "text", "shiny": True}],
        [{"key": "x", "name": {"en": "X"}, "type": "text"}] * 2,
        [{"key": f"x{n}", "name": {"en": "X"}, "type": "text"} for n in range(FIELDS_MAX + 1)],
    ],
)  # fmt: skip
def test_fields_that_make_no_sense_are_refused(fields: object) -> None:
    with pytest.raises(ValidationError):
        parse_fields(fields)


@given(anything)
def test_no_fields_whatsoever_raise_anything_else(fields: object) -> None:
    with suppress(ValidationError):
        parse_fields(fields)
