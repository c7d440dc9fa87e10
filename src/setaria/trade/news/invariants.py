"""What must hold of what buyers were told."""

from setaria.kernel.invariants import Invariant
from setaria.trade.news.happenings import PROMISED

# A message's key names the order, or the refund.
_KEYED = "SELECT template, split_part(key, ':', 2)::uuid AS source_id FROM notices_message WHERE template"

INVARIANTS = [
    Invariant(
        "news_is_true",
        "Nobody was told that an order was placed, paid, expired, cancelled or refunded that was not.",
        "SELECT count(*) FROM notices_message WHERE template LIKE 'order\\_%'",
        f"""
        SELECT told.template, told.source_id FROM (
            {_KEYED} IN ('order_placed', 'order_reminder', 'order_promised', 'order_paid', 'order_expired', 'order_cancelled')
        ) AS told
        WHERE NOT EXISTS (SELECT 1 FROM orders_order WHERE id = told.source_id)
           OR (told.template IN ('order_promised', 'order_paid', 'order_expired', 'order_cancelled') AND NOT EXISTS (
                SELECT 1 FROM orders_event AS event WHERE event.order_id = told.source_id AND event.status = CASE
                    told.template WHEN 'order_expired' THEN 3 WHEN 'order_cancelled' THEN 4 ELSE 2 END
                  AND (event.status <> 2 OR {PROMISED} = (told.template = 'order_promised'))))
        UNION ALL
        SELECT told.template, told.source_id FROM ({_KEYED} = 'order_refunded') AS told
        WHERE NOT EXISTS (SELECT 1 FROM payments_refund WHERE id = told.source_id AND sent_at IS NOT NULL)
        """,
    ),
    # Of a guest the address was there when the order was; a member may have proven theirs since.
    Invariant(
        "guests_are_told",
        "Every guest with an address was told that their order was paid or confirmed, in the week that messages are surely kept.",
        "SELECT count(*) FROM members_guest",
        f"""
        SELECT event.order_id FROM orders_event AS event
        JOIN orders_order AS o ON o.id = event.order_id
        JOIN members_guest AS guest ON guest.member_id = o.customer_id
        JOIN news_mark AS mark ON mark.follower = 'messages' AND mark.kind = CASE WHEN {PROMISED} THEN 'order.promised' ELSE 'order.paid' END
        WHERE event.status = 2 AND event.at > greatest(mark.began, mark.until - interval '7 days')
          AND event.at <= mark.settled AND guest.contact LIKE '%@%'
          AND NOT EXISTS (SELECT 1 FROM notices_message AS told
                          WHERE told.key = replace(mark.kind, '.', '-') || ':' || event.order_id::text)
        """,
    ),
]
