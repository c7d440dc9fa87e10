"""The door: every order of every channel is born here and nowhere else (law 1).

`place` reads, decides and writes a whole batch in one transaction and two round trips:

1. lock the stock accounts concerned, in key order, so that batches queue up instead of deadlocking, then
   read earlier orders, claims and the version of the terms (after the lock, so that nothing read can change before
   the commit); terms are in memory (`terms.py`), and only what changed there costs a third trip;
2. decide in memory (`rules.decide`), write orders, lines, holds, claims and live counters, commit. Orders that have
   charges beside their lines bring them along in a statement of their own (`charges.py`); others know nothing of it.

It takes no payment, sends nothing, and never answers before the commit is durable. `placing` is the same in steps, for
the gate: while one batch is being committed, the next one's questions wait behind it on the server.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from setaria.kernel.arrays import int4s, int8s, uuids
from setaria.kernel.batches import Batch, Steps, durable_batch, retried, run
from setaria.kernel.pipeline import Rows
from setaria.trade.orders.charges import CHARGE, charges_read, columns_of_charges
from setaria.trade.orders.counters import COUNT_PLACED
from setaria.trade.orders.requests import BATCH_ORDERS_MAX, Code, Line, Outcome, Placed, Refused, Request
from setaria.trade.orders.rules import Book, Known, Limit, Stock, Terms, barred, decide, well_formed
from setaria.trade.orders.sheet import Sheet
from setaria.trade.orders.terms import VERSION, ItemKey, Offer, OfferMemory

_offers = OfferMemory()

# Locking in key order keeps two batches from waiting for each other.
_LOCK = """
    SELECT account.variant_id, account.location_id, account.on_hand - account.held
    FROM inventory_account AS account
    JOIN (
        SELECT DISTINCT wanted.variant_id, coalesce(drops_drop.pool_id, inventory_source.location_id) AS location_id
        FROM unnest(%(channels)s, %(drops)s, %(variants)s) AS wanted (channel_id, drop_id, variant_id)
        LEFT JOIN drops_drop ON drops_drop.id = wanted.drop_id
        LEFT JOIN inventory_source ON inventory_source.channel_id = wanted.channel_id
    ) AS wanted USING (variant_id, location_id)
    ORDER BY account.variant_id, account.location_id
    FOR NO KEY UPDATE OF account
"""

# Everything else that decides, in one row: nearly always there is no earlier order and no claim.
_READ = f"""
    SELECT ({VERSION}),
           ARRAY(SELECT id FROM orders_order WHERE id = ANY (%(ids)s)),
           claimed.customers, claimed.drops, claimed.variants, claimed.quantities
    FROM (
        SELECT array_agg(customer_id) AS customers, array_agg(drop_id) AS drops, array_agg(variant_id) AS variants,
               array_agg(quantity) AS quantities
        FROM unnest(%(customers)s, %(drops)s) AS mine (customer_id, drop_id)
        JOIN orders_claim USING (customer_id, drop_id)
    ) AS claimed
"""

_KNOWN = """
    SELECT id, customer_id, channel_id, drop_id, total, currency, pay_by,
           array_agg(variant_id ORDER BY position), array_agg(quantity ORDER BY position),
           array_agg(unit_price ORDER BY position),
           ARRAY(SELECT kind FROM orders_charge AS c WHERE c.order_id = id ORDER BY position),
           ARRAY(SELECT amount FROM orders_charge AS c WHERE c.order_id = id ORDER BY position),
           ARRAY(SELECT source FROM orders_charge AS c WHERE c.order_id = id ORDER BY position),
           ARRAY(SELECT line FROM orders_charge AS c WHERE c.order_id = id ORDER BY position)
    FROM orders_order JOIN orders_line ON orders_line.order_id = orders_order.id
    WHERE id = ANY (%(ids)s)
    GROUP BY id
"""

# One statement for everything a batch writes: each has a price of its own, whatever it carries. What an item's orders
# have in common travels once an item, what an order has beyond its lines with the first of them; one CTE feeds orders,
# lines and holds, so they cannot disagree.
_WRITE = f"""
    WITH item AS (
        SELECT variant_id, location_id, unit_price, market_id, channel_id, nullif(drop_id, 0) AS drop_id, currency,
               %(now)s + seconds * interval '1 second' AS pay_by, item_no
        FROM unnest(%(item_variants)s, %(item_locations)s, %(item_prices)s, %(item_markets)s, %(item_channels)s,
                    %(item_drops)s, %(item_currencies)s, %(item_seconds)s)
             WITH ORDINALITY AS i (variant_id, location_id, unit_price, market_id, channel_id, drop_id, currency,
                                   seconds, item_no)
    ), line AS (
        SELECT order_id, position, variant_id, location_id, quantity, unit_price,
               customer_id, market_id, channel_id, drop_id, currency, total, pay_by
        FROM unnest(%(line_orders)s, %(line_positions)s, %(line_items)s, %(line_quantities)s, %(line_customers)s,
                    %(line_totals)s) AS l (order_id, position, item_no, quantity, customer_id, total)
        JOIN item USING (item_no)
    ), new_order AS (
        INSERT INTO orders_order
            (id, customer_id, market_id, channel_id, drop_id, status, currency, total, placed_at, pay_by)
        SELECT order_id, customer_id, market_id, channel_id, drop_id, 1, currency, total, %(now)s, pay_by
        FROM line WHERE position = 0
    ), hold AS (
        INSERT INTO inventory_movement (source_id, variant_id, location_id, step, kind, on_hand_change, held_change, at)
        SELECT order_id, variant_id, location_id, 0, 4, 0, quantity, %(now)s FROM line
    ), new_line AS (
        INSERT INTO orders_line (order_id, position, variant_id, location_id, quantity, unit_price)
        SELECT order_id, position, variant_id, location_id, quantity, unit_price FROM line
    ), balance AS (
        UPDATE inventory_account AS account SET held = held + quantity
        FROM unnest(%(taken_variants)s, %(taken_locations)s, %(taken_quantities)s)
             AS taken (variant_id, location_id, quantity)
        WHERE account.variant_id = taken.variant_id AND account.location_id = taken.location_id
    ), claim AS (
        INSERT INTO orders_claim AS claim (customer_id, drop_id, variant_id, quantity, allowed)
        SELECT * FROM unnest(%(claim_customers)s, %(claim_drops)s, %(claim_variants)s, %(claim_quantities)s,
                             %(claim_limits)s)
        ON CONFLICT (customer_id, drop_id, variant_id)
        DO UPDATE SET quantity = claim.quantity + excluded.quantity, allowed = excluded.allowed
    ), {COUNT_PLACED}
    SELECT 1
"""


def place(requests: Sequence[Request], *, now: datetime) -> list[Outcome]:
    """Place every order that can be placed; return an outcome per request, in the order of the requests.

    `now` is the instant the whole batch is judged and stamped by. A refusal is a value; raises ValueError for a
    batch of more than `BATCH_ORDERS_MAX`, RuntimeError inside an open transaction, and psycopg.Error when the
    database fails, after which nothing may be assumed: place the same requests again before answering a buyer.
    """
    return _place(requests, now)


@retried
def _place(requests: Sequence[Request], now: datetime) -> list[Outcome]:
    return run(placing(requests, now=now))


def placing(requests: Sequence[Request], *, now: datetime) -> Steps[list[Outcome]]:
    """Place a batch in steps, as `place` does in one go.

    Raises what `place` raises, and what `place` would have met by looking again: two batches that collided. Then, too,
    place the same requests again.
    """
    if len(requests) > BATCH_ORDERS_MAX:
        raise ValueError(f"A batch has at most {BATCH_ORDERS_MAX} orders, not {len(requests)}.")
    sound = [request for request in requests if well_formed(request)]
    outcomes = (yield from _placing(sound, now)) if sound else []
    if len(sound) == len(requests):
        return outcomes
    rest = iter(outcomes)
    return [next(rest) if well_formed(r) else Refused(r.id, Code.MALFORMED) for r in requests]


def _placing(requests: Sequence[Request], now: datetime) -> Steps[list[Outcome]]:
    with durable_batch() as batch:
        asked = _ask(batch, requests)
        batch.send()
        yield
        book = _read(batch, asked, now)
        outcomes, drafts = decide(requests, book)
        if drafts:
            _write(batch, Sheet(drafts, list(book.terms.values())), now)
            if charged := [draft.request for draft in drafts if draft.request.charges]:
                batch.query(CHARGE, columns_of_charges(charged))
        batch.commit()
        yield
    return outcomes


class _Asked(NamedTuple):
    """A batch's questions, sent and not answered yet."""

    wanted: list[ItemKey]
    locked: Rows
    read: Rows


def _ask(batch: Batch, requests: Sequence[Request]) -> _Asked:
    wanted = sorted({(r.channel_id, r.drop_id or 0, line.variant_id) for r in requests for line in r.lines})
    claimants = list({(r.customer_id, r.drop_id) for r in requests if r.drop_id is not None})
    locked = batch.query(
        _LOCK,
        {
            "channels": int4s([channel for channel, _, _ in wanted]),
            "drops": int4s([drop for _, drop, _ in wanted]),
            "variants": int4s([variant for _, _, variant in wanted]),
        },
    )
    read = batch.query(
        _READ,
        {
            "ids": uuids([r.id for r in requests]),
            "customers": int8s([customer for customer, _ in claimants]),
            "drops": int4s([drop for _, drop in claimants]),
        },
    )
    return _Asked(wanted, locked, read)


def _read(batch: Batch, asked: _Asked, now: datetime) -> Book:
    stocks = {(variant, location): Stock(variant, location, free) for variant, location, free in asked.locked}
    version, seen, *claimed = asked.read.fetchone() or (None, [])
    known = batch.query(_KNOWN, {"ids": uuids(seen)}) if seen else ()
    offers = _offers.offers(batch, version, asked.wanted)
    book = Book(
        terms={
            (channel, drop or None, variant): _terms(number, offer, stocks, now)
            for number, ((channel, drop, variant), offer) in enumerate(offers.items(), start=1)
        },
        known={row[0].int: _known(*row) for row in known},
    )
    limits = {(t.drop_id, t.stock.variant_id): t.limit for t in book.terms.values() if t.limit is not None}
    for customer, drop, variant, units in zip(*(column or () for column in claimed), strict=True):
        if (limit := limits.get((drop, variant))) is not None:
            limit.claimed[customer] = units
    return book


def _terms(number: int, offer: Offer, stocks: dict[tuple[int, int], Stock], now: datetime) -> Terms:
    place = (offer.variant_id, offer.location_id or 0)
    price = offer.price_at(now)
    opens, closes = offer.opens_at, offer.closes_at
    return Terms(
        number=number,
        market_id=offer.market_id,
        channel_id=offer.channel_id,
        drop_id=offer.drop_id or None,
        product_id=offer.product_id,
        barred=barred(sells=offer.sells, unit_price=price, opens_at=opens, closes_at=closes, now=now),
        currency=offer.currency,
        unit_price=price or 0,
        payment_seconds=offer.payment_seconds,
        pay_by=now + timedelta(seconds=offer.payment_seconds),
        stock=stocks.setdefault(place, Stock(*place, free=0)),
        limit=None if offer.limit is None else Limit(offer.drop_id, offer.variant_id, offer.limit, claimed={}),
    )


def _known(
    id: UUID, customer: int, channel: int, drop: int | None, total: int, currency: str, pay_by: datetime,
    variants: list[int], quantities: list[int], prices: list[int], *charges: list[Any],
) -> Known:  # fmt: skip
    lines = tuple(Line(*line) for line in zip(variants, quantities, prices, strict=True))
    request = Request(id, customer, channel, lines, drop, charges_read(*charges))
    return Known(request, Placed(id, total, currency, pay_by))


def _write(batch: Batch, sheet: Sheet, now: datetime) -> None:
    batch.query(_WRITE, {**sheet.columns(), "now": now})
