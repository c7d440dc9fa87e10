"""What must hold of what other systems are told."""

from setaria.kernel.invariants import Invariant
from setaria.trade.news.happenings import PROMISED

INVARIANTS = [
    Invariant(
        "webhooks_are_true",
        "Every event has the id that follows from what it is about, and happened.",
        "SELECT count(*) FROM webhooks_event",
        f"""
        SELECT told.id, told.kind FROM webhooks_event AS told
        WHERE told.id <> md5(told.kind || ':' || told.source_id::text)::uuid
           OR (told.kind IN ('order.promised', 'order.paid', 'order.expired', 'order.cancelled') AND NOT EXISTS (
                SELECT 1 FROM orders_event AS event WHERE event.order_id = told.source_id AND event.status = CASE told.kind
                    WHEN 'order.expired' THEN 3 WHEN 'order.cancelled' THEN 4 ELSE 2 END
                  AND (event.status <> 2 OR {PROMISED} = (told.kind = 'order.promised'))))
           OR (told.kind = 'order.paid_at_door'
               AND NOT EXISTS (SELECT 1 FROM payments_remittance AS r WHERE r.payment_id = told.source_id))
           OR NOT EXISTS (SELECT 1 FROM orders_order AS o WHERE o.id = told.order_id)
        """,
    ),
    Invariant(
        "webhooks_hear_of_payments",
        "What wants to hear of payments has a delivery of each since it was switched on, in the week that events are surely kept.",
        "SELECT count(*) FROM webhooks_delivery",
        f"""
        SELECT endpoint.id, event.order_id FROM webhooks_endpoint AS endpoint
        JOIN news_mark AS mark ON mark.follower = 'webhooks' AND mark.kind IN ('order.promised', 'order.paid')
        JOIN orders_event AS event ON event.status = 2 AND event.at <= mark.settled
             AND event.at > greatest(mark.began, endpoint.switched_on_at, mark.until - interval '7 days')
             AND {PROMISED} = (mark.kind = 'order.promised')
        WHERE mark.kind = ANY (endpoint.kinds) AND endpoint.off_at IS NULL
          AND NOT EXISTS (
            SELECT 1 FROM webhooks_delivery AS delivery JOIN webhooks_event AS told ON told.id = delivery.event_id
            WHERE delivery.endpoint_id = endpoint.id AND told.kind = mark.kind AND told.source_id = event.order_id)
        """,
    ),
]
