"""Facets: what a listing can be narrowed by, what the visitor has chosen, and how many each further choice would leave.

A kind's facets come from its typed specification. All of them are counted by one query, whatever the catalogue's size;
what is chosen of a facet does not count against its own other values, so that two sizes can be chosen.
"""

import math
from collections.abc import Mapping

import msgspec
from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import QueryDict
from django.utils.translation import gettext as _

from setaria.channels.storefront.templatetags.store import number
from setaria.channels.storefront.units import unit_in_words
from setaria.goods.catalog.models import Kind, Product
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


def conditions(chosen: Chosen, fields: list[Field], minor_units: int) -> dict[str, Q]:
    """Return a condition a facet in use, over products annotated with `price_from` and `in_stock`."""
    types = {SPECIFICATION + field.key: field for field in fields}
    found: dict[str, Q] = {}
    for name, values in chosen.values.items():
        if name == "kind":
            found[name] = Q(kind__slug__in=values)
        elif name == "maker":
            found[name] = Q(maker__in=values)
        elif name == "in_stock":
            found[name] = Q(in_stock=True)
        else:
            field = types[name]
            found[name] = Q(pk__in=[])
            for value in values:
                typed = _typed(field, value)
                if typed is not None:
                    found[name] |= Q(specification__contains={field.key: typed})
    for name, (low, high) in chosen.ranges.items():
        scale = minor_units if name == "price" else 1
        column = "price_from" if name == "price" else f"specification__{types[name].key}"
        ends = Q()
        if low is not None:
            ends &= Q(**{f"{column}__gte": low * scale})
        if high is not None:
            ends &= Q(**{f"{column}__lte": high * scale})
        found[name] = found.get(name, Q()) & ends
    return found


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


def narrow(products: QuerySet[Product], chosen: Mapping[str, Q]) -> QuerySet[Product]:
    """Keep the products that meet every condition."""
    for condition in chosen.values():
        products = products.filter(condition)
    return products


def facets_of(
    products: QuerySet[Product], chosen: Chosen, met: Mapping[str, Q], fields: list[Field], minor_units: int
) -> list[Facet]:
    """Count what each facet's values would leave of `products` (not narrowed yet); one query, and one for kinds' names.

    `met` are the conditions of what is chosen. Facets with a single value say nothing and are left out.
    """
    counts = _counts(products, met, with_specification=bool(fields))
    kinds = dict(Kind.objects.filter(slug__in=counts.get("kind", {})).values_list("slug", "name"))
    kind_labels = {slug: text_in(name) for slug, name in kinds.items()}
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
    products: QuerySet[Product], met: Mapping[str, Q], *, with_specification: bool
) -> dict[str, dict[str, int]]:
    """Return how many products each value of each facet would leave, by facet and value as text."""
    names = list(met)
    misses = {
        f"miss_{n}": Case(When(met[name], then=Value(0)), default=Value(1), output_field=IntegerField())
        for n, name in enumerate(names)
    }
    columns = ["specification", "maker", "kind__slug", "price_from", "in_stock"]
    base, params = products.order_by().annotate(**misses).values_list(*columns, *misses).query.sql_with_params()
    labels = ", ".join(["specification", "maker", "kind", "price", "in_stock", *misses])
    missed = " + ".join(["0", *misses])
    own = " ".join(f"WHEN %s THEN miss_{n}" for n in range(len(names)))
    specified = "SELECT %s || key, value FROM jsonb_each_text(specification) UNION ALL" if with_specification else ""
    sql = f"""
        WITH base ({labels}) AS ({base})
        SELECT facet.name, facet.value, count(*) FROM base, LATERAL (
            {specified}
            SELECT 'maker', maker UNION ALL SELECT 'kind', kind
            UNION ALL SELECT 'price', price::text WHERE price IS NOT NULL UNION ALL SELECT 'in_stock', 'true' WHERE in_stock
        ) AS facet (name, value)
        WHERE {missed} = {f"CASE facet.name {own} ELSE 0 END" if own else "0"}
        GROUP BY 1, 2
    """
    counts: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, *([SPECIFICATION] if with_specification else []), *names])
        for name, value, count in cursor.fetchall():
            counts.setdefault(name, {})[value] = count
    return counts


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
