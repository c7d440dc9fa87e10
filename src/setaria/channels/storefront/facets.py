"""Facets: what a listing can be narrowed by, what the visitor has chosen, and how many each further choice would leave.

A kind's facets come from its typed specification. They are counted over the shop window, in memory (decision 0025); what
is chosen of a facet does not count against its own other values, so that two sizes can be chosen.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from setaria.channels.storefront.templatetags.store import number
from setaria.channels.storefront.units import unit_in_words
from setaria.channels.storefront.window import Seen
from setaria.goods.catalog.models import Kind
from setaria.goods.catalog.specification import Field
from setaria.kernel.texts import text_in

CHOICES_MAX = 12  # a facet of texts with more values is of no help
NUMBERS_MAX = 6  # with more values, numbers are a range
CHOSEN_FACETS_MAX = 12
CHOSEN_VALUES_MAX = 24
VALUE_CHARS_MAX = 80
NUMBER_MAX = 10**9
SPECIFICATION = "spec."  # what the names of a kind's own facets begin with
NUMERIC = ("number", "integer")
Condition = Callable[[Seen], bool]


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


def conditions(
    chosen: Chosen, fields: list[Field], minor_units: int, in_stock: frozenset[int], kinds: Sequence[Kind]
) -> dict[str, Condition]:
    """Return a condition a facet in use. `in_stock`: the products that can be had; prices go by `minor_units`."""
    types = {SPECIFICATION + field.key: field for field in fields}
    found: dict[str, Condition] = {}
    for name, values in chosen.values.items():
        if name == "kind":
            found[name] = _in_kinds(frozenset(kind.pk for kind in kinds if kind.slug in values))
        elif name == "maker":
            found[name] = _by_makers(frozenset(values))
        elif name == "in_stock":
            found[name] = lambda seen: seen.id in in_stock
        else:
            found[name] = _with_values(types[name], values)
    for name, (low, high) in chosen.ranges.items():
        within = _priced(low, high, minor_units) if name == "price" else _within(types[name].key, low, high)
        found[name] = _both(found[name], within) if name in found else within
    return found


def _in_kinds(ids: frozenset[int]) -> Condition:
    return lambda seen: seen.kind_id in ids


def _by_makers(makers: frozenset[str]) -> Condition:
    return lambda seen: seen.maker in makers


def _with_values(field: Field, values: list[str]) -> Condition:
    key, wanted = field.key, {typed for value in values if (typed := _typed(field, value)) is not None}
    return lambda seen: seen.specification.get(key) in wanted


def _within(key: str, low: float | None, high: float | None) -> Condition:
    def condition(seen: Seen) -> bool:
        value = seen.specification.get(key)
        if not isinstance(value, int | float):
            return False
        return (low is None or value >= low) and (high is None or value <= high)

    return condition


def _priced(low: float | None, high: float | None, minor_units: int) -> Condition:
    least, most = (None if end is None else end * minor_units for end in (low, high))

    def condition(seen: Seen) -> bool:
        if seen.price is None:
            return False
        return (least is None or seen.price >= least) and (most is None or seen.price <= most)

    return condition


def _both(one: Condition, other: Condition) -> Condition:
    return lambda seen: one(seen) and other(seen)


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


def narrow(products: Iterable[Seen], chosen: Mapping[str, Condition]) -> list[Seen]:
    """Keep the products that meet every condition, in their order."""
    conditions = list(chosen.values())
    return [seen for seen in products if all(condition(seen) for condition in conditions)]


def facets_of(
    products: Iterable[Seen], chosen: Chosen, met: Mapping[str, Condition], fields: list[Field], minor_units: int,
    in_stock: frozenset[int], kinds: Sequence[Kind],
) -> list[Facet]:  # fmt: skip
    """Count what each facet's values would leave of `products` (not narrowed yet).

    `met` are the conditions of what is chosen, `kinds` all there are. Facets with a single value say nothing and are
    left out.
    """
    counts = _counts(products, met, [field.key for field in fields], in_stock, {kind.pk: kind.slug for kind in kinds})
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
    products: Iterable[Seen], met: Mapping[str, Condition], keys: Sequence[str], in_stock: frozenset[int],
    kinds: Mapping[int, str],
) -> dict[str, dict[str, int]]:  # fmt: skip
    """Return how many products each value of each facet would leave, by facet and value as text."""
    met_all, but_one = _pools(products, met)

    def pool(name: str) -> Sequence[Seen]:
        return [*met_all, *but_one[name]] if name in but_one else met_all

    of_kind, of_maker = (
        Counter([seen.kind_id for seen in pool("kind")]),
        Counter([seen.maker for seen in pool("maker")]),
    )
    prices = Counter([seen.price for seen in pool("price") if seen.price is not None])
    left = len(in_stock.intersection([seen.id for seen in pool("in_stock")]))
    found = {
        "kind": {kinds[id]: n for id, n in of_kind.items() if id in kinds},
        "maker": dict(of_maker),
        "price": {_as_text(price): n for price, n in prices.items()},
        "in_stock": {"true": left} if left else {},
    }
    for key in keys:
        values = [seen.specification[key] for seen in pool(SPECIFICATION + key) if key in seen.specification]
        found[SPECIFICATION + key] = {_as_text(value): n for value, n in Counter(values).items()}
    return found


def _pools(products: Iterable[Seen], met: Mapping[str, Condition]) -> tuple[list[Seen], dict[str, list[Seen]]]:
    """Return the products that meet every condition, and by facet those that miss that one only: what misses one counts
    for that facet alone, for the other values that could be chosen of it.
    """
    if not met:
        return list(products), {}
    met_all: list[Seen] = []
    but_one: dict[str, list[Seen]] = {name: [] for name in met}
    conditions = list(met.items())
    for seen in products:
        missed = [name for name, condition in conditions if not condition(seen)]
        if not missed:
            met_all.append(seen)
        elif len(missed) == 1:
            but_one[missed[0]].append(seen)
    return met_all, but_one


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
