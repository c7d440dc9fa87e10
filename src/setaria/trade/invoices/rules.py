"""What a document says: pure. Amounts in minor units of one currency."""

from collections.abc import Sequence

import msgspec

from setaria.trade.books.rules import BASIS, tax_within
from setaria.trade.orders.charges import added
from setaria.trade.orders.requests import Charge, ChargeKind

NUMBER_DIGITS = 6
TAX_SOURCE = "tax:"  # of a charge, before its rate in basis points


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seller or buyer."""

    name: str
    country: str
    tax_id: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""


class Line(msgspec.Struct, frozen=True):
    """So much of something; `gross` is what was charged for it, `tax` the tax in it at `rate_bp` (basis points)."""

    text: str
    sku: str
    quantity: int
    gross: int
    rate_bp: int
    tax: int

    @property
    def net(self) -> int:
        """Without tax."""
        return self.gross - self.tax


class Taxed(msgspec.Struct, frozen=True):
    """All lines of one rate together."""

    rate_bp: int
    net: int
    tax: int


class Content(msgspec.Struct, frozen=True):
    """A document's whole text, but for its number and dates."""

    seller: Party
    buyer: Party
    lines: tuple[Line, ...]

    @property
    def taxes(self) -> list[Taxed]:
        """The lines summed by rate, the highest first."""
        found: dict[int, list[int]] = {}
        for line in self.lines:
            sums = found.setdefault(line.rate_bp, [0, 0])
            sums[0] += line.net
            sums[1] += line.tax
        return [Taxed(rate, *found[rate]) for rate in sorted(found, reverse=True)]

    @property
    def net(self) -> int:
        """Without tax, all lines together."""
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        """The tax of all lines."""
        return sum(line.tax for line in self.lines)

    @property
    def gross(self) -> int:
        """What was paid."""
        return self.net + self.tax


def line_of(text: str, sku: str, quantity: int, unit_price: int, rate_bp: int) -> Line:
    """Write a line of an order whose prices contain the tax: rounded a line at a time, as in the books."""
    gross = quantity * unit_price
    return Line(text, sku, quantity, gross, rate_bp, tax_within(gross, rate_bp))


def line_with(text: str, sku: str, quantity: int, price: int, charges: Sequence[Charge], *, rate_bp: int = 0) -> Line:
    """Write a line of an order whose charges say what is taken off `price`, put on it, and what tax is in it.

    Its rate is the one its tax was charged at; `rate_bp` where it has none.
    """
    taxes = [each for each in charges if each.kind in (ChargeKind.TAX, ChargeKind.TAX_WITHIN)]
    rates = {int(each.source.removeprefix(TAX_SOURCE)) for each in taxes if each.source.startswith(TAX_SOURCE)}
    return Line(
        text, sku, quantity, price + added(charges), rates.pop() if len(rates) == 1 else rate_bp,
        sum(each.amount for each in taxes),
    )  # fmt: skip


def deliveries(text: str, charges: Sequence[Charge]) -> list[Line]:
    """Write an order's delivery: a line, or where it is taxed as the goods it brings, a line for each of their rates."""
    by_rate: dict[str, list[Charge]] = {}
    for each in charges:
        shipping = each.kind == ChargeKind.SHIPPING
        rate = each.source.split(":")[2:] if shipping else [each.source.rpartition(":")[2]]
        by_rate.setdefault(rate[0] if rate else "", []).append(each)
    if "" in by_rate or not any(each.kind == ChargeKind.SHIPPING for each in charges):
        return [line_with(text, "", 1, 0, charges)] if charges else []
    return [line_with(text, "", 1, 0, own, rate_bp=int(rate)) for rate, own in by_rate.items()]


def name_of(prefix: str, year: int, number: int) -> str:
    """Write a number as people see it."""
    return f"{prefix}-{year}-{number:0{NUMBER_DIGITS}}"


def percent(rate_bp: int) -> str:
    """Write a rate without needless zeros: 1300 is 13, 1950 is 19.5."""
    return f"{rate_bp / (BASIS / 100):g}"


def left_of(invoiced: Content, credited: Sequence[Content]) -> tuple[Line, ...]:
    """Return what of an invoice no credit note has reversed yet, line by line (lines are the same ones in each)."""
    rest = []
    for nth, line in enumerate(invoiced.lines):
        before = [content.lines[nth] for content in credited]
        gross = line.gross - sum(each.gross for each in before)
        tax = line.tax - sum(each.tax for each in before)
        quantity = line.quantity - sum(each.quantity for each in before)
        rest.append(msgspec.structs.replace(line, quantity=quantity, gross=gross, tax=tax))
    return tuple(rest)
