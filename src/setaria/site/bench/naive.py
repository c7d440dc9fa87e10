"""What the gate is compared with: the same order, taken one at a time under `SELECT … FOR UPDATE`.

Bench only. An honest textbook handler: one transaction an order on a pool of threads, prepared statements, the
lock taken as late as it may be. It checks and writes what `orders.place` checks and writes. Served by the same
server with the same settings as the gate.

    python -m setaria.site.bench.naive PORT          POST /naive/{threads}/{drop}
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import msgspec
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")
django.setup()  # the gate's messages lead to models

from setaria.gate.answers import Answer, Receive, Scope, Send, answer, encode, refusal, respond
from setaria.gate.intake import LineMessage, OrderMessage, read_body
from setaria.trade.drops import passes
from setaria.trade.orders.requests import Placed

_TERMS = """
    SELECT d.id, d.channel_id, d.pool_id, d.opens_at, d.closes_at, d.payment_seconds, i.limit_per_customer,
           v.id, v.product_id, m.id, m.currency, p.amount
    FROM drops_drop AS d
    JOIN drops_dropitem AS i ON i.drop_id = d.id
    JOIN catalog_variant AS v ON v.id = i.variant_id
    JOIN markets_channel AS c ON c.id = d.channel_id
    JOIN markets_market AS m ON m.id = c.market_id AND m.mode = 'sell'
    JOIN pricing_price AS p ON p.variant_id = v.id AND p.market_id = m.id AND p.valid @> %(now)s
    WHERE d.slug = %(slug)s AND v.sku = %(sku)s
"""
_KNOWN = "SELECT total, currency, pay_by FROM orders_order WHERE id = %(id)s"
_LOCK = """
    SELECT on_hand - held FROM inventory_account WHERE variant_id = %(variant)s AND location_id = %(pool)s FOR UPDATE
"""
_CLAIMED = """
    SELECT quantity FROM orders_claim
    WHERE customer_id = %(customer)s AND drop_id = %(drop)s AND variant_id = %(variant)s
"""
_WRITES = (
    """
    INSERT INTO orders_order
        (id, customer_id, market_id, channel_id, drop_id, status, currency, total, placed_at, pay_by)
    VALUES (%(id)s, %(customer)s, %(market)s, %(channel)s, %(drop)s, 1, %(currency)s, %(total)s, %(now)s, %(pay_by)s)
    """,
    """
    INSERT INTO orders_line (order_id, position, variant_id, location_id, quantity, unit_price)
    VALUES (%(id)s, 0, %(variant)s, %(pool)s, %(quantity)s, %(price)s)
    """,
    """
    INSERT INTO inventory_movement (source_id, variant_id, location_id, step, kind, on_hand_change, held_change, at)
    VALUES (%(id)s, %(variant)s, %(pool)s, 0, 4, 0, %(quantity)s, %(now)s)
    """,
    """
    UPDATE inventory_account SET held = held + %(quantity)s WHERE variant_id = %(variant)s AND location_id = %(pool)s
    """,
    """
    INSERT INTO orders_claim AS c (customer_id, drop_id, variant_id, quantity, allowed)
    VALUES (%(customer)s, %(drop)s, %(variant)s, %(quantity)s, %(limit)s)
    ON CONFLICT (customer_id, drop_id, variant_id) DO UPDATE SET quantity = c.quantity + excluded.quantity
    """,
    """
    INSERT INTO orders_minuteorders AS c
        (minute, market_id, channel_id, slot, placed_orders, placed_amount, paid_orders, paid_amount)
    VALUES (date_trunc('minute', %(now)s), %(market)s, %(channel)s, pg_backend_pid(), 1, %(total)s, 0, 0)
    ON CONFLICT (minute, market_id, channel_id, slot) DO UPDATE SET
        placed_orders = c.placed_orders + 1, placed_amount = c.placed_amount + excluded.placed_amount
    """,
    """
    INSERT INTO orders_minuteunits AS c
        (minute, market_id, channel_id, product_id, slot, placed_units, placed_amount, paid_units, paid_amount)
    VALUES (date_trunc('minute', %(now)s), %(market)s, %(channel)s, %(product)s, pg_backend_pid(),
            %(quantity)s, %(total)s, 0, 0)
    ON CONFLICT (minute, market_id, channel_id, product_id, slot) DO UPDATE SET
        placed_units = c.placed_units + excluded.placed_units, placed_amount = c.placed_amount + excluded.placed_amount
    """,
)

_decode = msgspec.json.Decoder(OrderMessage).decode
_mine = threading.local()


def place_one(slug: str, line: LineMessage, leave: passes.Pass) -> Placed | str:
    """Place one order of one line in a transaction of its own; returns a refusal's code where it cannot be."""
    if not hasattr(_mine, "connection"):
        _mine.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)
    raw: psycopg.Connection[Any] = _mine.connection
    now = datetime.now(UTC)
    with raw.transaction(), raw.cursor(binary=True) as cursor:
        found = cursor.execute(_TERMS, {"now": now, "slug": slug, "sku": line.sku}).fetchone()
        if found is None:
            return "UNKNOWN_ITEM"
        drop, channel, pool, opens, closes, window, limit, variant, product, market, currency, price = found
        if not opens <= now < closes:
            return "NOT_OPEN" if now < opens else "CLOSED"
        if line.price != price:
            return "PRICE_CHANGED"
        at = {"id": leave.order_id, "customer": leave.customer_id, "drop": drop, "variant": variant, "pool": pool}
        free = cursor.execute(_LOCK, at).fetchone()
        known = cursor.execute(_KNOWN, at).fetchone()
        if known is not None:
            return Placed(leave.order_id, *known)
        claimed = cursor.execute(_CLAIMED, at).fetchone()
        if (claimed[0] if claimed else 0) + line.quantity > limit:
            return "OVER_LIMIT"
        if free is None or free[0] < line.quantity:
            return "SOLD_OUT"
        placed = Placed(leave.order_id, price * line.quantity, currency, now + timedelta(seconds=window))
        at |= {"market": market, "channel": channel, "product": product, "currency": currency, "limit": limit}
        at |= {"total": placed.total, "price": price, "quantity": line.quantity, "now": now, "pay_by": placed.pay_by}
        for sql in _WRITES:
            cursor.execute(sql, at)
    return placed


class Naive:
    """The ASGI application."""

    def __init__(self, secret: str) -> None:
        self._key = passes.key_from(secret)
        self._pools: dict[int, ThreadPoolExecutor] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await respond(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        _, _, threads, slug = scope["path"].split("/")
        message = _decode(await read_body(receive))
        leave = passes.read(self._key, message.token, time.time())
        pool = self._pools.get(int(threads))
        if pool is None:
            pool = self._pools[int(threads)] = ThreadPoolExecutor(int(threads))
        placed = await asyncio.get_running_loop().run_in_executor(pool, place_one, slug, message.lines[0], leave)
        return refusal(placed, scope) if isinstance(placed, str) else answer(201, encode(placed))


def main(port: int) -> None:
    """Serve it until SIGTERM, as `setaria web` serves the gate."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    from setaria.site.web import BACKLOG_CONNECTIONS_MAX, CONNECTIONS_MAX

    Server(
        "setaria.site.bench.naive:application", address="127.0.0.1", port=port, interface=Interfaces.ASGI, workers=1,
        loop=Loops.uvloop, http=HTTPModes.http1, websockets=False, backlog=BACKLOG_CONNECTIONS_MAX,
        backpressure=CONNECTIONS_MAX, log_level=LogLevels.warning, log_access=False,
    ).serve(target_loader=lambda _: Naive(os.environ["SETARIA_SECRET_KEY"]))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
