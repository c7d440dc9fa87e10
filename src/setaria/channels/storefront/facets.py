"""Facets: what a listing can be narrowed by, what the visitor has chosen, and how many each further choice would leave.

A kind's facets come from its typed specification. They are counted over the shop window, in memory (decisions 0025 and
0045); what is chosen of a facet does not count against its own other values, so that two sizes can be chosen.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import reduce
from operator import and_

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from setaria.channels.storefront.ranges import SPECIFICATION, Range
from setaria.channels.storefront.templatetags.store import number
from setaria.channels.storefront.units import unit_in_words
from setaria.channels.storefront.window import Stock
from setaria.goods.catalog.models import Kind
from setaria.goods.catalog.specification import Field
from setaria.kernel.texts import text_in

CHOICES_MAX = 12  # a facet of texts with more values is of no help
NUMBERS_MAX = 6  # with more values, numbers are a range
CHOSEN_FACETS_MAX = 12
CHOSEN_VALUES_MAX = 24
VALUE_CHARS_MAX = 80
NUMBER_MAX = 10**9
NUMERIC = ("number", "integer")


class Chosen(msgspec.Struct, frozen=True):
    """What the visitor narrows by: values by facet, and ranges (either end may be open)."""

    values: dict[str, list[str]] = {}
    ranges: dict[str, tuple[float | None, float | None]] = {}

    @property
    def count(self) -> int:
        """How many facets are in use."""
        return len(self.values) + len(self.ranges)


class Choice(msgspec.Struct, frozen=True):
    """One value of a facet, as the address and as the reader has it, and how many products it would leave."""

    value: str
    label: str
    count: int
    chosen: bool


class Facet(msgspec.Struct, frozen=True):
    """One thing to narrow by: a few choices, or the two ends of a range."""

    name: str
    label: str
    unit: str = ""
    choices: list[Choice] = []
    is_range: bool = False
    least: float | None = None
    most: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def active(self) -> bool:
        """Whether the visitor narrows by it."""
        return self.low is not None or self.high is not None or any(choice.chosen for choice in self.choices)


def read(query: QueryDict, fields: list[Field]) -> Chosen:
    """Read what is chosen from an address; what makes no sense there is passed over."""
    names = ["kind", "maker", "in_stock", *(SPECIFICATION + field.key for field in fields)]
    values = {name: _values(query, name) for name in names}
    numeric = ["price", *(SPECIFICATION + field.key for field in fields if field.type in NUMERIC)]
    ranges = {name: (_number(query, f"{name}.min"), _number(query, f"{name}.max")) for name in numeric}
    chosen = {name: found for name, found in values.items() if found}
    bounded = {name: ends for name, ends in ranges.items() if ends != (None, None)}
    return Chosen(
        dict(list(chosen.items())[:CHOSEN_FACETS_MAX]), dict(list(bounded.items())[: CHOSEN_FACETS_MAX - len(chosen)])
    )


def _values(query: QueryDict, name: str) -> list[str]:
    given = dict.fromkeys(query.getlist(name)[:CHOSEN_VALUES_MAX])
    return [value for value in given if value and len(value) <= VALUE_CHARS_MAX and "\x00" not in value]


def _number(query: QueryDict, name: str) -> float | None:
    try:
        value = float(query.get(name, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= NUMBER_MAX else None


def narrowings(
    chosen: Chosen, fields: list[Field], minor_units: int, among: Range, stock: Stock, kinds: Sequence[Kind]
) -> dict[str, int]:
    """Return a facet in use each: the set of products that it leaves. Prices go by `minor_units`."""
    types = {SPECIFICATION + field.key: field for field in fields}
    found: dict[str, int] = {}
    for name, values in chosen.values.items():
        if name == "kind":
            found[name] = among.column(name).having([kind.pk for kind in kinds if kind.slug in values])
        elif name == "maker":
            found[name] = among.column(name).having(values)
        elif name == "in_stock":
            found[name] = among.in_stock(stock)
        else:
            found[name] = among.column(name).having({_typed(types[name], value) for value in values} - {None})
    for name, ends in chosen.ranges.items():
        within = among.column(name).where(_within(*ends, minor_units if name == "price" else 1))
        found[name] = found.get(name, within) & within
    return found


def _within(low: float | None, high: float | None, scale: int) -> Callable[[object], bool]:
    least, most = (None if end is None else end * scale for end in (low, high))

    def within(value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        return (least is None or value >= least) and (most is None or value <= most)

    return within


def _typed(field: Field, value: str) -> object:
    """Read a value as the specification stores it; None where it is none."""
    match field.type:
        case "boolean":
            return {"true": True, "false": False}.get(value)
        case "integer" | "number":
            try:
                return float(value) if math.isfinite(float(value)) else None
            except ValueError:
                return None
        case _:
            return value


def narrow(everything: int, left: Iterable[int]) -> int:
    """Return the products that every set has."""
    return reduce(and_, left, everything)


def facets_of(
    among: Range, chosen: Chosen, left: Mapping[str, int], fields: list[Field], minor_units: int, stock: Stock,
    kinds: Sequence[Kind],
) -> list[Facet]:  # fmt: skip
    """Count what each facet's values would leave of `among` (not narrowed yet).

    `left` is what each of the chosen facets leaves, `kinds` all there are. Facets with a single value say nothing and
    are left out.
    """
    counts = _counts(among, left, [field.key for field in fields], stock, {kind.pk: kind.slug for kind in kinds})
    kind_labels = {kind.slug: text_in(kind.name) for kind in kinds}
    makers = {"own": _("Our own"), "ecosystem": _("Partner companies"), "third_party": _("Other makers")}
    found = [
        _choices("kind", _("Kind"), counts, chosen, kind_labels),
        _range("price", _("Price"), "", counts, chosen, minor_units),
        _choices("in_stock", _("Stock"), counts, chosen, {"true": _("In stock")}),
        _choices("maker", _("Made by"), counts, chosen, makers),
    ]
    found += [_of_field(field, counts, chosen) for field in fields]
    return [facet for facet in found if facet is not None]


def _counts(
    among: Range, left: Mapping[str, int], keys: Sequence[str], stock: Stock, kinds: Mapping[Hashable, str]
) -> dict[str, dict[str, int]]:
    """Return how many products each value of each facet would leave, by facet and value as text."""
    met_all = narrow(among.everything, left.values())

    def pool(name: str) -> int:
        """What is chosen of a facet does not count against its own other values."""
        if name not in left:
            return met_all
        return narrow(among.everything, [own for other, own in left.items() if other != name])

    def counts(name: str) -> dict[str, int]:
        return {_as_text(value): count for value, count in among.column(name).counts(pool(name)).items()}

    of_kind = among.column("kind").counts(pool("kind"))
    to_be_had = (among.in_stock(stock) & pool("in_stock")).bit_count()
    return {
        "kind": {kinds[id]: count for id, count in of_kind.items() if id in kinds},
        "maker": counts("maker"),
        "price": counts("price"),
        "in_stock": {"true": to_be_had} if to_be_had else {},
        **{SPECIFICATION + key: counts(SPECIFICATION + key) for key in keys},
    }


def _as_text(value: object) -> str:
    """Write a value as addresses have it: whole numbers without a point, as JSON says true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _choices(
    name: str, label: str, counts: Mapping[str, Mapping[str, int]], chosen: Chosen, labels: Mapping[str, str],
    unit: str = "",
) -> Facet | None:  # fmt: skip
    """A facet of choices in the order of `labels`; what is chosen stays, though it leaves nothing."""
    of_each, picked = counts.get(name, {}), chosen.values.get(name, [])
    shown = [value for value in labels if value in of_each or value in picked]
    if (len(shown) < 2 and name != "in_stock" and not picked) or not shown:
        return None
    choices = [Choice(value, labels[value], of_each.get(value, 0), value in picked) for value in shown]
    return Facet(name, label, unit, choices)


def _range(
    name: str, label: str, unit: str, counts: Mapping[str, Mapping[str, int]], chosen: Chosen, scale: int = 1
) -> Facet | None:
    numbers = [float(value) / scale for value in counts.get(name, {})]
    low, high = chosen.ranges.get(name, (None, None))
    if len(numbers) < 2 and low is None and high is None:
        return None
    least, most = min(numbers, default=None), max(numbers, default=None)
    return Facet(name, label, unit, is_range=True, least=least, most=most, low=low, high=high)


def _of_field(field: Field, counts: Mapping[str, Mapping[str, int]], chosen: Chosen) -> Facet | None:
    name, label = SPECIFICATION + field.key, text_in(field.name)
    values = list(counts.get(name, {}))
    if field.type == "boolean":
        return _choices(name, label, counts, chosen, {"true": _("Yes"), "false": _("No")})
    if field.type == "choice":
        return _choices(name, label, counts, chosen, {choice.value: text_in(choice.name) for choice in field.choices})
    values = list(dict.fromkeys([*values, *chosen.values.get(name, [])]))
    if field.type in NUMERIC:
        if len(values) > NUMBERS_MAX or name in chosen.ranges:
            return _range(name, label, unit_in_words(field.unit), counts, chosen)
        numbers = [value for value in values if _typed(field, value) is not None]
        labels = {value: number(float(value)) for value in sorted(numbers, key=float)}
        return _choices(name, label, counts, chosen, labels, unit_in_words(field.unit))
    tells_apart = len(values) <= CHOICES_MAX and max(counts.get(name, {}).values(), default=0) > 1
    if not tells_apart and name not in chosen.values:
        return None
    return _choices(name, label, counts, chosen, {value: value for value in sorted(values)})
