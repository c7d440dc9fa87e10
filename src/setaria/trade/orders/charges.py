"""What an order costs beside its lines' prices: checked, added up, written with the order, and read again.

Only orders that have charges come here: in a rush nobody has any, and the door does not even ask a second time.
"""

from collections.abc import Sequence
from typing import Any

from setaria.kernel.arrays import int4s, int8s, texts, uuids
from setaria.trade.orders.requests import (
    ORDER_CHARGES_MAX,
    ORDER_TOTAL_MAX,
    SOURCE_CHARS_MAX,
    Charge,
    ChargeKind,
    Request,
)

_OFF = (ChargeKind.DISCOUNT, ChargeKind.POINTS)
_SIGNS = {ChargeKind.SHIPPING: 1, ChargeKind.TAX_WITHIN: 1, ChargeKind.DISCOUNT: -1, ChargeKind.POINTS: -1}

# The order's own transaction writes them, behind its lines.
CHARGE = """
    INSERT INTO orders_charge (order_id, position, kind, amount, source, line)
    SELECT order_id, position, kind, amount, source, nullif(line, -1)
    FROM unnest(%(orders)s, %(positions)s, %(kinds)s, %(amounts)s, %(sources)s, %(lines)s)
         AS c (order_id, position, kind, amount, source, line)
"""


def added(charges: Sequence[Charge]) -> int:
    """Return what charges add to an order's total (minor units); the tax within prices adds nothing."""
    return sum(charge.amount for charge in charges if charge.kind != ChargeKind.TAX_WITHIN)


def sound(request: Request) -> bool:
    """Whether a request's charges make sense: known kinds and signs, lines that exist, none taken below nothing."""
    if len(request.charges) > ORDER_CHARGES_MAX:
        return False
    left: dict[int | None, int] = {n: line.quantity * line.unit_price for n, line in enumerate(request.lines)}
    left[None] = 0
    for charge in request.charges:
        if not _sound(charge) or charge.line not in left:
            return False
        if charge.kind != ChargeKind.TAX_WITHIN:
            left[charge.line] += charge.amount
    return min(left.values()) >= 0


def _sound(charge: Charge) -> bool:
    sign = _SIGNS.get(charge.kind, 0)
    if sign * charge.amount < 0 or abs(charge.amount) > ORDER_TOTAL_MAX:
        return False
    if charge.amount == 0 and charge.kind != ChargeKind.SHIPPING:
        return False  # delivery that costs nothing is still the way that was chosen
    if charge.kind in _OFF and charge.line is None:
        return False  # what is taken off is taken off lines, so that each can come back by itself
    return 0 < len(charge.source) <= SOURCE_CHARS_MAX and charge.source.isprintable()


def columns_of_charges(requests: Sequence[Request]) -> dict[str, Any]:
    """Lay out the charges of requests as the parameters of `CHARGE`."""
    rows = [(r.id, n, charge) for r in requests for n, charge in enumerate(r.charges)]
    return {
        "orders": uuids([order for order, _, _ in rows]),
        "positions": int4s([n for _, n, _ in rows]),
        "kinds": int4s([c.kind for _, _, c in rows]),
        "amounts": int8s([c.amount for _, _, c in rows]),
        "sources": texts([c.source for _, _, c in rows]),
        "lines": int4s([-1 if c.line is None else c.line for _, _, c in rows]),
    }


def charges_read(
    kinds: Sequence[int], amounts: Sequence[int], sources: Sequence[str], lines: Sequence[int | None]
) -> tuple[Charge, ...]:
    """Put charges together again from their columns, in the order they were written."""
    rows = zip(kinds, amounts, sources, lines, strict=True)
    return tuple(Charge(ChargeKind(kind), amount, source, line) for kind, amount, source, line in rows)
