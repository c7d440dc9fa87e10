"""What must hold of orders: nothing sold without stock, nothing paid twice, nothing counted wrongly."""

from setaria.kernel.invariants import Invariant

_ORDERS = "SELECT count(*) FROM orders_order"
_LINES = "SELECT count(*) FROM orders_line"

INVARIANTS = [
    Invariant(
        "order_total_adds_up",
        "Every order has lines, and its total is their sum and the charges'.",
        _ORDERS,
        """
        SELECT id, total, lines, charges FROM orders_order
        LEFT JOIN (SELECT order_id, sum(quantity * unit_price) AS lines FROM orders_line GROUP BY order_id) AS l
            ON l.order_id = id
        LEFT JOIN (SELECT order_id, sum(amount) AS charges FROM orders_charge WHERE kind <> 4 GROUP BY order_id) AS c
            ON c.order_id = id
        WHERE total IS DISTINCT FROM lines + coalesce(charges, 0)
        """,
    ),
    Invariant(
        "charges_belong_to_orders",
        "No charge is without its order, or of a line that the order has not.",
        "SELECT count(*) FROM orders_charge",
        """
        SELECT c.order_id, c.position, c.line FROM orders_charge AS c
        WHERE NOT EXISTS (SELECT 1 FROM orders_order WHERE id = c.order_id) OR (c.line IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM orders_line AS l WHERE l.order_id = c.order_id AND l.position = c.line))
        """,
    ),
    Invariant(
        "no_line_costs_less_than_nothing",
        "Whatever is taken off a line, it costs nothing at least; and so does the order's share of its own.",
        "SELECT count(*) FROM orders_charge",
        """
        SELECT c.order_id, c.line, c.amount, l.quantity * l.unit_price
        FROM (SELECT order_id, line, sum(amount) AS amount FROM orders_charge WHERE kind <> 4 GROUP BY 1, 2) AS c
        LEFT JOIN orders_line AS l ON l.order_id = c.order_id AND l.position = c.line
        WHERE coalesce(l.quantity * l.unit_price, 0) + c.amount < 0
        """,
    ),
    Invariant(
        "lines_belong_to_orders",
        "No line is without its order.",
        _LINES,
        """
        SELECT order_id, position FROM orders_line
        WHERE NOT EXISTS (SELECT 1 FROM orders_order WHERE id = order_id)
        """,
    ),
    Invariant(
        "living_orders_hold_their_stock",
        "A placed or paid order holds its lines' units but those taken back; an expired or cancelled one holds nothing.",
        _LINES,
        """
        SELECT coalesce(l.order_id, m.source_id), coalesce(l.variant_id, m.variant_id), l.units, m.units
        FROM (SELECT l.order_id, variant_id, location_id,
                     CASE WHEN status IN (1, 2) THEN l.quantity - coalesce(back.quantity, 0) ELSE 0 END AS units
              FROM orders_line AS l JOIN orders_order ON id = l.order_id
              LEFT JOIN (SELECT order_id, position, sum(quantity) AS quantity FROM aftersales_returnedline
                         WHERE restocked GROUP BY 1, 2) AS back USING (order_id, position)) AS l
        FULL JOIN (SELECT source_id, variant_id, location_id, sum(held_change) AS units
                   FROM inventory_movement WHERE kind IN (4, 5, 6)
                   GROUP BY source_id, variant_id, location_id) AS m
            ON m.source_id = l.order_id AND m.variant_id = l.variant_id AND m.location_id = l.location_id
        WHERE l.units IS DISTINCT FROM m.units
        """,
    ),
    Invariant(
        "status_has_its_event",
        "Every order that is paid, expired or cancelled has the event that made it so, and every event its order.",
        _ORDERS,
        # Nothing follows on paid yet. An instant cannot tell which came last: it is read before the rows are locked.
        """
        SELECT coalesce(o.id, e.order_id), o.status, e.status
        FROM (SELECT id, status FROM orders_order WHERE status <> 1) AS o
        FULL JOIN (SELECT DISTINCT ON (order_id) order_id, status FROM orders_event
                   ORDER BY order_id, status = 2 DESC, at DESC) AS e ON e.order_id = o.id
        WHERE o.status IS DISTINCT FROM e.status
        """,
    ),
    Invariant(
        "paid_once_and_in_full",
        "A paid order has exactly one applied settlement, of its total less its credits; no other order has any.",
        _ORDERS,
        """
        SELECT o.id, o.status, s.n, s.amount, c.amount FROM orders_order AS o
        FULL JOIN (SELECT order_id, count(*) AS n, sum(amount) AS amount, min(currency) AS currency
                   FROM orders_settlement WHERE outcome = 1 GROUP BY order_id) AS s ON s.order_id = o.id
        LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM orders_credit WHERE revoked_at IS NULL
                   GROUP BY order_id) AS c ON c.order_id = o.id
        WHERE (o.status = 2) <> (s.n IS NOT NULL) OR s.n > 1 OR o.id IS NULL
           OR (o.status = 2 AND (s.amount + coalesce(c.amount, 0), s.currency) IS DISTINCT FROM (o.total::numeric, o.currency))
        """,
    ),
    Invariant(
        "a_payment_pays_one_order",
        "No payment is settled on two orders.",
        "SELECT count(*) FROM orders_settlement",
        "SELECT payment_id, count(*) FROM orders_settlement GROUP BY payment_id HAVING count(*) > 1",
    ),
    Invariant(
        "claims_are_living_orders",
        "A customer's claim on a drop's item is the units of their living orders, within the limit.",
        "SELECT count(*) FROM orders_claim",
        """
        SELECT c.customer_id, c.drop_id, c.variant_id, c.quantity, l.units, c.allowed
        FROM orders_claim AS c
        FULL JOIN (SELECT o.customer_id, o.drop_id, l.variant_id, sum(l.quantity) AS units
                   FROM orders_order AS o JOIN orders_line AS l ON l.order_id = o.id
                   WHERE o.drop_id IS NOT NULL AND o.status IN (1, 2)
                   GROUP BY o.customer_id, o.drop_id, l.variant_id) AS l USING (customer_id, drop_id, variant_id)
        WHERE coalesce(c.quantity, 0) <> coalesce(l.units, 0) OR c.quantity > c.allowed
        """,
    ),
    Invariant(
        "prices_were_the_price_book",
        "Every line was sold at the price its market's book had at that instant.",
        _LINES,
        """
        SELECT l.order_id, l.variant_id, l.unit_price, p.amount
        FROM orders_line AS l JOIN orders_order AS o ON o.id = l.order_id
        LEFT JOIN pricing_price AS p
            ON p.variant_id = l.variant_id AND p.market_id = o.market_id AND p.valid @> o.placed_at
        WHERE l.unit_price IS DISTINCT FROM p.amount
        """,
    ),
    Invariant(
        "nothing_sold_before_opening",
        "No drop's order was placed before the drop opened or after it closed.",
        "SELECT count(*) FROM orders_order WHERE drop_id IS NOT NULL",
        """
        SELECT o.id, o.placed_at, d.opens_at, d.closes_at FROM orders_order AS o
        LEFT JOIN drops_drop AS d ON d.id = o.drop_id
        WHERE o.drop_id IS NOT NULL AND (d.id IS NULL OR o.placed_at < d.opens_at OR o.placed_at >= d.closes_at)
        """,
    ),
    Invariant(
        "orders_are_of_known_people_and_channels",
        "Every order's customer, market and channel exist, and the market sells.",
        _ORDERS,
        """
        SELECT o.id, o.customer_id, o.market_id, o.channel_id FROM orders_order AS o
        LEFT JOIN members_member AS m ON m.id = o.customer_id
        LEFT JOIN markets_channel AS c ON c.id = o.channel_id AND c.market_id = o.market_id
        WHERE m.id IS NULL OR c.id IS NULL
        """,
    ),
    Invariant(
        "order_counters_are_the_orders",
        "The live counters of orders equal the orders, minute by minute, placed and paid apart (law 12).",
        "SELECT count(*) FROM orders_minuteorders",
        """
        SELECT * FROM (
            SELECT minute, market_id, channel_id, sum(placed_orders)::numeric AS a, sum(placed_amount)::numeric AS b,
                   sum(paid_orders)::numeric AS c, sum(paid_amount)::numeric AS d
            FROM orders_minuteorders GROUP BY minute, market_id, channel_id
        ) AS counted
        FULL JOIN (
            SELECT minute, market_id, channel_id, sum(placed)::numeric AS a, sum(placed * total)::numeric AS b,
                   sum(paid)::numeric AS c, sum(paid * total)::numeric AS d
            FROM (
                SELECT date_trunc('minute', placed_at) AS minute, market_id, channel_id, total, 1 AS placed, 0 AS paid
                FROM orders_order
                UNION ALL
                SELECT date_trunc('minute', at), market_id, channel_id, amount, 0, 1 FROM orders_income
            ) AS moments GROUP BY minute, market_id, channel_id
        ) AS real USING (minute, market_id, channel_id)
        WHERE (counted.a, counted.b, counted.c, counted.d) IS DISTINCT FROM (real.a, real.b, real.c, real.d)
        """,
    ),
    Invariant(
        "unit_counters_are_the_lines",
        "The live counters of units equal the lines, product by product, placed and paid apart (law 12).",
        "SELECT count(*) FROM orders_minuteunits",
        # Added up by variant before it is asked whose those are: joined line by line it takes a minute a million orders.
        """
        SELECT * FROM (
            SELECT minute, market_id, channel_id, product_id, sum(placed_units)::numeric AS a,
                   sum(placed_amount)::numeric AS b, sum(paid_units)::numeric AS c, sum(paid_amount)::numeric AS d
            FROM orders_minuteunits GROUP BY minute, market_id, channel_id, product_id
        ) AS counted
        FULL JOIN (
            SELECT minute, market_id, channel_id, product_id, sum(a) AS a, sum(b) AS b, sum(c) AS c, sum(d) AS d
            FROM (
                SELECT minute, market_id, channel_id, variant_id, sum(placed * units)::numeric AS a,
                       sum(placed * units * unit_price)::numeric AS b, sum(paid * units)::numeric AS c,
                       sum(paid * units * unit_price)::numeric AS d
                FROM (
                    SELECT date_trunc('minute', placed_at) AS minute, market_id, channel_id, 1 AS placed, 0 AS paid,
                           l.variant_id, l.quantity AS units, l.unit_price
                    FROM orders_order AS o JOIN orders_line AS l ON l.order_id = o.id
                    UNION ALL
                    SELECT date_trunc('minute', income.at), income.market_id, income.channel_id, 0, 1, l.variant_id,
                           l.quantity - coalesce(waived.units, 0), l.unit_price
                    FROM orders_income AS income JOIN orders_line AS l ON l.order_id = income.id
                    LEFT JOIN (
                        SELECT promise_id, order_id, position, sum(quantity) AS units FROM (
                            SELECT DISTINCT w.payment_id AS promise_id, b.order_id, b.return_id, b.position, b.quantity
                            FROM cash_waiver AS w JOIN payments_refund AS r ON r.id = w.refund_id
                            JOIN aftersales_returnedline AS b ON b.return_id = r.return_id
                        ) AS lines GROUP BY 1, 2, 3
                    ) AS waived ON waived.promise_id = income.promise_id
                        AND waived.order_id = l.order_id AND waived.position = l.position
                ) AS moments
                GROUP BY minute, market_id, channel_id, variant_id
            ) AS sold
            JOIN catalog_variant AS v ON v.id = sold.variant_id
            GROUP BY minute, market_id, channel_id, product_id
        ) AS real USING (minute, market_id, channel_id, product_id)
        WHERE (counted.a, counted.b, counted.c, counted.d) IS DISTINCT FROM (real.a, real.b, real.c, real.d)
        """,
    ),
    Invariant(
        "region_counters_are_the_destinations",
        "The live counters of regions equal the paid orders that are addressed, minute by minute (law 12).",
        "SELECT count(*) FROM orders_minuteregions",
        """
        SELECT * FROM (
            SELECT minute, market_id, country, region, sum(paid_orders)::numeric AS a, sum(paid_amount)::numeric AS b
            FROM orders_minuteregions GROUP BY minute, market_id, country, region
        ) AS counted
        FULL JOIN (
            SELECT date_trunc('minute', at) AS minute, market_id, country,
                   coalesce(nullif(region, ''), city) AS region, count(*)::numeric AS a, sum(amount)::numeric AS b
            FROM orders_income JOIN orders_destination ON order_id = id GROUP BY 1, 2, 3, 4
        ) AS real USING (minute, market_id, country, region)
        WHERE (counted.a, counted.b) IS DISTINCT FROM (real.a, real.b)
        """,
    ),
]
