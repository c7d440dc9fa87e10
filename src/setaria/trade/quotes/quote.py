"""What an order costs: lines, then what is taken off, delivery, and tax. One pure function, amounts in minor units.

The order of things is fixed: promotions take off lines, points off what is left of them, delivery is added, tax is
reckoned on what is really charged. Every part says why it is there; parts and lines add up to the total, and the shares
of each part in the lines to the part, always.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from setaria.trade.orders.requests import Charge, ChargeKind
from setaria.trade.quotes.rules import BASIS, DeliveryTax, Rounding, allot, rounded

Param = int | str | Mapping[str, str]


class Item(msgspec.Struct, frozen=True):
    """So many of a variant, of a kind of product, at its price in the book."""

    variant_id: int
    kind_id: int
    quantity: int
    unit_price: int

    @property
    def amount(self) -> int:
        """What the line costs by the book."""
        return self.quantity * self.unit_price


class Reduction(msgspec.Struct, frozen=True):
    """A promotion as it may be used here: a share of its goods' price (basis points), or an amount.

    Of one `group` only the best counts; one that stands `alone` counts with no other. `kinds` empty: all goods.
    `amount_max` is its own limit, or what is left of its budget. `asked` for by its code, it says so when it takes off
    nothing.
    """

    source: str
    name: Mapping[str, str]
    percent_bp: int = 0
    amount: int = 0
    amount_max: int | None = None
    goods_min: int = 0
    kinds: frozenset[int] = frozenset()
    group: str = ""
    alone: bool = False
    priority: int = 0
    asked: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """A way of sending; from so much goods on (`free_from`, at book prices) it costs nothing."""

    code: str
    name: Mapping[str, str]
    amount: int
    free_from: int | None = None


class Tax(msgspec.Struct, frozen=True):
    """A market's tax: its standard rate, other rates by kind of product (basis points), and how delivery is taxed."""

    standard_bp: int = 0
    by_kind: Mapping[int, int] = {}
    inclusive: bool = True
    exempt: bool = False
    rounding: Rounding = Rounding.LINE_HALF_EVEN
    delivery: DeliveryTax = DeliveryTax.STANDARD

    def rate_of(self, kind_id: int) -> int:
        """Return the rate of a kind of product (basis points)."""
        return self.by_kind.get(kind_id, self.standard_bp)


class Points(msgspec.Struct, frozen=True):
    """Points somebody wants to pay with, a point for a minor unit, and which share of the goods they may pay."""

    wanted: int
    share_max_bp: int


class Wanted(msgspec.Struct, frozen=True):
    """All that a quote goes by."""

    items: tuple[Item, ...]
    reductions: tuple[Reduction, ...] = ()
    points: Points | None = None
    delivery: Delivery | None = None
    tax: Tax = Tax()


class Text(msgspec.Struct, frozen=True):
    """Why an amount is what it is: a text's id, and what it speaks of. Amounts in minor units, names by language."""

    id: str
    params: Mapping[str, Param] = {}


class Part(msgspec.Struct, frozen=True):
    """An amount of a quote: its shares in the lines, in their order, and `own`, which belongs to no line.

    An amount of nothing is there for its explanation.
    """

    kind: ChargeKind
    source: str
    text: Text
    shares: tuple[int, ...]
    own: int = 0
    owns: tuple[tuple[str, int], ...] = ()  # where `own` is taxed at several rates: the source of each share

    @property
    def amount(self) -> int:
        """All of it."""
        return sum(self.shares) + self.own

    @property
    def counts(self) -> bool:
        """Whether it is part of the total; the tax within prices only tells."""
        return self.kind != ChargeKind.TAX_WITHIN


class Quote(msgspec.Struct, frozen=True):
    """What an order costs, and why."""

    items: tuple[Item, ...]
    parts: tuple[Part, ...]

    @property
    def goods(self) -> int:
        """The lines at book prices."""
        return sum(item.amount for item in self.items)

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.goods + sum(part.amount for part in self.parts if part.counts)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The parts as the door takes them: one charge a line's share, and one for what belongs to no line."""
        found = []
        for part in self.parts:
            found += [Charge(part.kind, share, part.source, n) for n, share in enumerate(part.shares) if share]
            owns = part.owns or ((part.source, part.own),)
            found += [Charge(part.kind, own, source) for source, own in owns if own]
        return tuple(found)

    def taken(self, kind: ChargeKind) -> dict[str, int]:
        """Return what was taken off by source, as positive amounts."""
        return {part.source: -part.amount for part in self.parts if part.kind == kind and part.amount}


def quote(wanted: Wanted) -> Quote:
    """Reckon what `wanted` costs. Goods cost a minor unit at least, whatever is taken off them."""
    items = wanted.items
    left = [item.amount for item in items]
    parts = _reduce(wanted.reductions, items, left)
    if wanted.points is not None:
        parts += _pay_points(wanted.points, items, left)
    delivery = _deliver(wanted.delivery, sum(item.amount for item in items), len(items))
    taxed = _taxed_delivery(wanted.tax, items, left, delivery.amount)
    parts.append(_divided(delivery, taxed))
    parts += _tax(wanted.tax, items, left, taxed)
    return Quote(items, tuple(parts))


# --- promotions ---


def _reduce(reductions: Sequence[Reduction], items: Sequence[Item], left: list[int]) -> list[Part]:
    """Take off the combination that is best for the buyer; changes `left`."""
    parts = [_needs(r, items) for r in reductions if r.asked and _goods(r, items) < r.goods_min]
    fitting = [r for r in reductions if _goods(r, items) >= max(r.goods_min, 1)]
    best: list[tuple[Reduction, list[int]]] = []
    off = 0
    for combination in _combinations(fitting, items):
        taken = _take(combination, items, left)
        if (sum_of := sum(sum(shares) for _, shares in taken)) > off:
            best, off = taken, sum_of
    for reduction, shares in best:
        for n, share in enumerate(shares):
            left[n] -= share
        parts.append(_off(reduction, shares))
    used = {reduction.source for reduction, _ in best}
    return parts + [_not_with(r, items) for r in fitting if r.asked and r.source not in used]


def _combinations(reductions: Sequence[Reduction], items: Sequence[Item]) -> Iterable[list[Reduction]]:
    together: dict[str, Reduction] = {}
    for one in sorted(reductions, key=lambda r: (-_value(r, items), r.source)):
        if not one.alone:
            together.setdefault(f"group {one.group}" if one.group else one.source, one)
    yield sorted(together.values(), key=lambda r: (r.priority, r.source))
    yield from ([one] for one in sorted(reductions, key=lambda r: r.source) if one.alone)


def _value(reduction: Reduction, items: Sequence[Item]) -> int:
    return sum(sum(shares) for _, shares in _take([reduction], items, [item.amount for item in items]))


def _take(
    combination: Sequence[Reduction], items: Sequence[Item], left: Sequence[int]
) -> list[tuple[Reduction, list[int]]]:
    """Return what each takes off each line, one after the other."""
    left, taken = list(left), []
    for reduction in combination:
        weights = [amount if _for(reduction, item) else 0 for item, amount in zip(items, left, strict=True)]
        goods = sum(weights)
        off = rounded(goods * reduction.percent_bp, BASIS) if reduction.percent_bp else reduction.amount
        caps = [goods, sum(left) - 1] + ([] if reduction.amount_max is None else [reduction.amount_max])
        off = max(min(off, *caps), 0)
        if off:
            shares = allot(off, weights, [item.variant_id for item in items])
            left = [amount - share for amount, share in zip(left, shares, strict=True)]
            taken.append((reduction, shares))
    return taken


def _for(reduction: Reduction, item: Item) -> bool:
    return not reduction.kinds or item.kind_id in reduction.kinds


def _goods(reduction: Reduction, items: Sequence[Item]) -> int:
    return sum(item.amount for item in items if _for(reduction, item))


def _off(reduction: Reduction, shares: Sequence[int]) -> Part:
    about: dict[str, Param] = {"name": reduction.name}
    if reduction.percent_bp and sum(shares) != reduction.amount_max:
        text = Text("discount.percent", about | {"percent_bp": reduction.percent_bp})
    else:
        text = Text("discount.amount", about)
    return Part(ChargeKind.DISCOUNT, reduction.source, text, tuple(-share for share in shares))


def _needs(reduction: Reduction, items: Sequence[Item]) -> Part:
    text = Text("discount.needs", {"name": reduction.name, "goods_min": reduction.goods_min})
    return Part(ChargeKind.DISCOUNT, reduction.source, text, (0,) * len(items))


def _not_with(reduction: Reduction, items: Sequence[Item]) -> Part:
    return Part(
        ChargeKind.DISCOUNT, reduction.source, Text("discount.not_with", {"name": reduction.name}), (0,) * len(items)
    )


# --- points ---


def _pay_points(points: Points, items: Sequence[Item], left: list[int]) -> list[Part]:
    goods = sum(left)
    spent = max(min(points.wanted, goods * points.share_max_bp // BASIS, goods - 1), 0)
    shares = allot(spent, left, [item.variant_id for item in items])
    for n, share in enumerate(shares):
        left[n] -= share
    text = Text("points.spent", {"points": spent, "share_max_bp": points.share_max_bp})
    return [Part(ChargeKind.POINTS, "points:spent", text, tuple(-share for share in shares))] if points.wanted else []


# --- delivery ---


def _deliver(delivery: Delivery | None, goods: int, lines: int) -> Part:
    none = (0,) * lines
    if delivery is None:
        return Part(ChargeKind.SHIPPING, "shipping:included", Text("shipping.included"), none)
    about: dict[str, Param] = {"name": delivery.name}
    source = f"shipping:{delivery.code}"
    if delivery.free_from is not None:
        about["free_from"] = delivery.free_from
        if goods >= delivery.free_from:
            return Part(ChargeKind.SHIPPING, source, Text("shipping.free", about), none)
        return Part(ChargeKind.SHIPPING, source, Text("shipping.until_free", about), none, delivery.amount)
    return Part(ChargeKind.SHIPPING, source, Text("shipping.flat", about), none, delivery.amount)


# --- tax ---


def _taxed_delivery(tax: Tax, items: Sequence[Item], left: Sequence[int], amount: int) -> dict[int, int]:
    """Return what of the delivery is taxed at which rate."""
    if tax.delivery is DeliveryTax.NONE or not amount:
        return {}
    if tax.delivery is DeliveryTax.STANDARD:
        return {tax.standard_bp: amount}
    goods: dict[int, int] = {}
    for item, worth in zip(items, left, strict=True):
        goods[tax.rate_of(item.kind_id)] = goods.get(tax.rate_of(item.kind_id), 0) + worth
    rates = sorted(goods, reverse=True)
    return dict(zip(rates, allot(amount, [goods[rate] for rate in rates], rates), strict=True))


def _divided(delivery: Part, taxed: Mapping[int, int]) -> Part:
    """Let a delivery at several rates say which share is which, so that invoices need not reckon again."""
    shares = tuple((f"{delivery.source}:{rate}", share) for rate, share in taxed.items() if share)
    return msgspec.structs.replace(delivery, owns=shares) if len(shares) > 1 else delivery


def _tax(tax: Tax, items: Sequence[Item], left: Sequence[int], delivery: Mapping[int, int]) -> list[Part]:
    """Return a part for each rate: what is within the prices or on top of them, and what somebody exempt is spared."""
    by_rate: dict[int, list[int]] = {}
    for n, (item, amount) in enumerate(zip(items, left, strict=True)):
        by_rate.setdefault(tax.rate_of(item.kind_id), [0] * (len(items) + 1))[n] = amount
    for rate, share in delivery.items():
        by_rate.setdefault(rate, [0] * (len(items) + 1))[-1] = share
    parts = []
    for rate, bases in sorted(by_rate.items(), reverse=True):
        if rate == 0 or (tax.exempt and not tax.inclusive):
            continue
        taxes = _taxes(tax, rate, bases, [item.variant_id for item in items])
        shares, own = tuple(taxes[:-1]), taxes[-1]
        kind = ChargeKind.TAX_WITHIN if tax.inclusive else ChargeKind.TAX
        text = Text("tax.within" if tax.inclusive else "tax.added", {"rate_bp": rate})
        parts.append(Part(kind, f"tax:{rate}", text, shares, own))
        if tax.exempt:
            text = Text("tax.spared", {"rate_bp": rate})
            parts.append(Part(ChargeKind.TAX, f"tax-exempt:{rate}", text, tuple(-share for share in shares), -own))
    if tax.exempt and not tax.inclusive:
        parts.append(Part(ChargeKind.TAX, "tax-exempt:0", Text("tax.exempt"), (0,) * len(items)))
    return parts


def _taxes(tax: Tax, rate: int, bases: Sequence[int], variants: Sequence[int]) -> list[int]:
    whole, half_up = (BASIS + rate if tax.inclusive else BASIS), tax.rounding.half_up
    if tax.rounding.by_order:
        return allot(rounded(sum(bases) * rate, whole, half_up=half_up), bases, [*variants, 0])
    return [rounded(base * rate, whole, half_up=half_up) for base in bases]
