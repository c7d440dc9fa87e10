"""What must hold of what other systems are told."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "webhooks_are_true",
        "Every event has the id that follows from what it is about, and happened.",
        "SELECT count(*) FROM webhooks_event",
        """
        SELECT event.id, event.kind FROM webhooks_event AS event
        WHERE event.id <> md5(event.kind || ':' || event.source_id::text)::uuid
           OR (event.kind IN ('order.paid', 'order.expired', 'order.cancelled') AND NOT EXISTS (
                SELECT 1 FROM orders_event AS e WHERE e.order_id = event.source_id AND e.status = CASE event.kind
                    WHEN 'order.paid' THEN 2 WHEN 'order.expired' THEN 3 ELSE 4 END))
           OR NOT EXISTS (SELECT 1 FROM orders_order AS o WHERE o.id = event.order_id)
        """,
    ),
    Invariant(
        "webhooks_hear_of_payments",
        "What wants to hear of payments has a delivery of each since it was switched on, in the week that events are surely kept.",
        "SELECT count(*) FROM webhooks_delivery",
        """
        SELECT endpoint.id, e.order_id FROM webhooks_endpoint AS endpoint
        JOIN news_mark AS mark ON mark.follower = 'webhooks' AND mark.kind = 'order.paid'
        JOIN orders_event AS e ON e.status = 2 AND e.at <= mark.settled
             AND e.at > greatest(mark.began, endpoint.switched_on_at, mark.until - interval '7 days')
        WHERE 'order.paid' = ANY (endpoint.kinds) AND endpoint.off_at IS NULL
          AND NOT EXISTS (
            SELECT 1 FROM webhooks_delivery AS delivery JOIN webhooks_event AS event ON event.id = delivery.event_id
            WHERE delivery.endpoint_id = endpoint.id AND event.kind = 'order.paid' AND event.source_id = e.order_id)
        """,
    ),
]
