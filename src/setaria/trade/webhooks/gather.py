"""News becomes events: in sets, each once, with a delivery to every endpoint that wants to hear of it.

An event's id is a digest of what it is about, so nobody can make two of one, however often it is looked for.
"""

from datetime import datetime
from functools import partial

from django.db import connection

from setaria.trade.news.follow import TAKE_MAX, follow
from setaria.trade.news.happenings import FOUND, Happening
from setaria.trade.webhooks.endpoints import KINDS
from setaria.trade.webhooks.models import Endpoint

FOLLOWER = "webhooks"

ID = "md5(%(kind)s::text || ':' || h.source_id::text)::uuid"

# An endpoint that was added while the first look was under way gets its deliveries with the second.
# The body is text and not jsonb: what is signed are its bytes.
_GATHER = f"""
    WITH happened AS ({{happened}}), wanting AS (
        SELECT id, switched_on_at FROM webhooks_endpoint WHERE off_at IS NULL AND %(kind)s = ANY (kinds)
    ), fresh AS (
        INSERT INTO webhooks_event (id, kind, source_id, order_id, at, body)
        SELECT {ID}, %(kind)s, h.source_id, h.order_id, h.at, json_build_object(
            'type', %(kind)s::text, 'timestamp', to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'data', json_build_object(
                'order', h.order_id, 'market', market.code, 'channel', channel.code, 'currency', o.currency,
                'total', o.total, 'amount', coalesce(h.amount, o.total), 'placed_at', o.placed_at,
                'lines', (SELECT coalesce(json_agg(json_build_object(
                              'sku', variant.sku, 'quantity', line.quantity, 'unit_price', line.unit_price)
                              ORDER BY line.position), '[]')
                          FROM orders_line AS line JOIN catalog_variant AS variant ON variant.id = line.variant_id
                          WHERE line.order_id = h.order_id)))::text
        FROM happened AS h
        JOIN orders_order AS o ON o.id = h.order_id
        JOIN markets_market AS market ON market.id = o.market_id
        JOIN markets_channel AS channel ON channel.id = o.channel_id
        WHERE h.at >= (SELECT min(switched_on_at) FROM wanting)
          AND NOT EXISTS (SELECT 1 FROM webhooks_event AS known WHERE known.id = {ID})
        ORDER BY h.at, h.source_id LIMIT %(limit)s
        ON CONFLICT DO NOTHING RETURNING id, at
    ), due AS (
        INSERT INTO webhooks_delivery (endpoint_id, event_id, due_at, attempts)
        SELECT wanting.id, told.id, %(now)s, 0
        FROM (SELECT id, at FROM fresh
              UNION ALL
              SELECT id, at FROM webhooks_event WHERE kind = %(kind)s AND at > %(since)s AND at <= %(until)s) AS told
        JOIN wanting ON wanting.switched_on_at <= told.at
        WHERE NOT EXISTS (SELECT 1 FROM webhooks_delivery AS known
                          WHERE known.endpoint_id = wanting.id AND known.event_id = told.id)
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM fresh
"""


def gather(*, now: datetime) -> int:
    """Make events of what has happened since the last time; return how many. Several may do so at once."""
    wanted = {kind for kinds in Endpoint.objects.filter(off_at=None).values_list("kinds", flat=True) for kind in kinds}
    return sum(follow(FOLLOWER, kind, partial(_take, kind, wanted, now), now=now) for kind in KINDS)


def _take(kind: Happening, wanted: set[str], now: datetime, since: datetime, until: datetime) -> int:
    if kind not in wanted:  # nobody listens: there is nothing to look for
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _GATHER.format(happened=FOUND[kind]),
            {"kind": str(kind.value), "since": since, "until": until, "now": now, "limit": TAKE_MAX},
        )
        return int(cursor.fetchone()[0])
