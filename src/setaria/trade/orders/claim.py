"""A customer's claims on a drop's items, against the limit across all of their orders.

Always after the stock accounts: whoever locks both does so in that order, so nobody waits in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from setaria.kernel.arrays import int4s, int8s
from setaria.kernel.batches import Batch

_LOCK = """
    SELECT customer_id, drop_id, variant_id, quantity, allowed FROM orders_claim
    WHERE (customer_id, drop_id) IN (SELECT * FROM unnest(%(customers)s, %(drops)s))
    ORDER BY customer_id, drop_id, variant_id FOR NO KEY UPDATE
"""
_CHANGE = """
    UPDATE orders_claim AS claim SET quantity = claim.quantity + moved.change
    FROM unnest(%(customers)s, %(drops)s, %(variants)s, %(changes)s) AS moved (customer_id, drop_id, variant_id, change)
    WHERE (claim.customer_id, claim.drop_id, claim.variant_id) = (moved.customer_id, moved.drop_id, moved.variant_id)
"""


def lock(batch: Batch, owners: Sequence[tuple[int, int | None]]) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Lock the claims of (customer, drop) pairs; return (units claimed, units allowed) by customer, drop, variant."""
    keys = sorted({(customer, drop) for customer, drop in owners if drop is not None})
    rows = batch.query(_LOCK, {"customers": int8s([c for c, _ in keys]), "drops": int4s([d for _, d in keys])})
    return {(customer, drop, variant): (units, allowed) for customer, drop, variant, units, allowed in rows}


def change(batch: Batch, moved: Iterable[tuple[int, int | None, int, int]]) -> None:
    """Add (customer, drop, variant, units) to claims that exist; orders outside a drop have none and are passed over."""
    changes: Counter[tuple[int, int, int]] = Counter()
    for customer, drop, variant, units in moved:
        if drop is not None:
            changes[customer, drop, variant] += units
    if not changes:
        return
    keys = sorted(changes)
    batch.query(
        _CHANGE,
        {
            "customers": int8s([key[0] for key in keys]),
            "drops": int4s([key[1] for key in keys]),
            "variants": int4s([key[2] for key in keys]),
            "changes": int4s([changes[key] for key in keys]),
        },
    )
