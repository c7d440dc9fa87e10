"""When the money of orders is here (`orders_income`): of what was promised only once it is handed over.

The counters of before counted a promise when the order was confirmed; here they are put right. Milestones of those days
that would be others now are forgotten: the curve still says when an amount was passed.
"""

from django.db import migrations

VIEW = """
CREATE VIEW orders_income AS
SELECT o.id, o.market_id, o.channel_id, o.customer_id, o.paid_at AS at, o.total AS amount, NULL::uuid AS promise_id
FROM orders_order AS o
WHERE o.paid_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM orders_settlement AS s JOIN cash_promise AS p USING (payment_id)
    WHERE s.order_id = o.id AND s.outcome = 1
)
UNION ALL
SELECT o.id, o.market_id, o.channel_id, o.customer_id, m.at, o.total - p.waived, p.payment_id
FROM payments_remittance AS m
JOIN cash_promise AS p ON p.payment_id = m.payment_id
JOIN orders_order AS o ON o.id = p.order_id
JOIN orders_settlement AS s ON s.order_id = o.id AND s.payment_id = m.payment_id AND s.outcome = 1;
"""
# What was counted at the confirmation goes off there, by a writer that is none (slot 0), and on where it came in.
_PROMISED = """
    SELECT o.* FROM orders_order AS o JOIN orders_settlement AS s ON s.order_id = o.id AND s.outcome = 1
    JOIN cash_promise AS p ON p.payment_id = s.payment_id WHERE o.paid_at IS NOT NULL
"""
_LEFT = """
    l.quantity - coalesce((
        SELECT sum(b.quantity) FROM aftersales_returnedline AS b
        WHERE b.order_id = l.order_id AND b.position = l.position AND EXISTS (
            SELECT 1 FROM payments_refund AS r JOIN cash_waiver AS w ON w.refund_id = r.id
            WHERE r.return_id = b.return_id AND w.payment_id = o.promise_id)), 0)
"""
COUNT = f"""
INSERT INTO orders_minuteorders (minute, market_id, channel_id, slot, placed_orders, placed_amount, paid_orders, paid_amount)
SELECT minute, market_id, channel_id, 0, 0, 0, sum(n), sum(amount) FROM (
    SELECT date_trunc('minute', paid_at) AS minute, market_id, channel_id, -1 AS n, -total AS amount FROM ({_PROMISED}) AS o
    UNION ALL
    SELECT date_trunc('minute', at), market_id, channel_id, 1, amount FROM orders_income WHERE promise_id IS NOT NULL
) AS moved GROUP BY 1, 2, 3;
INSERT INTO orders_minuteunits
    (minute, market_id, channel_id, product_id, slot, placed_units, placed_amount, paid_units, paid_amount)
SELECT minute, market_id, channel_id, v.product_id, 0, 0, 0, sum(units), sum(units * unit_price) FROM (
    SELECT date_trunc('minute', o.paid_at) AS minute, market_id, channel_id, l.variant_id, -l.quantity AS units, l.unit_price
    FROM ({_PROMISED}) AS o JOIN orders_line AS l ON l.order_id = o.id
    UNION ALL
    SELECT date_trunc('minute', o.at), market_id, channel_id, l.variant_id, {_LEFT}, l.unit_price
    FROM orders_income AS o JOIN orders_line AS l ON l.order_id = o.id WHERE o.promise_id IS NOT NULL
) AS moved JOIN catalog_variant AS v ON v.id = moved.variant_id GROUP BY 1, 2, 3, 4;
INSERT INTO orders_minuteregions (minute, market_id, country, region, slot, paid_orders, paid_amount)
SELECT minute, market_id, country, coalesce(nullif(region, ''), city), 0, sum(n), sum(amount) FROM (
    SELECT o.id, date_trunc('minute', paid_at) AS minute, market_id, -1 AS n, -total AS amount FROM ({_PROMISED}) AS o
    UNION ALL
    SELECT id, date_trunc('minute', at), market_id, 1, amount FROM orders_income WHERE promise_id IS NOT NULL
) AS moved JOIN orders_destination AS d ON d.order_id = moved.id GROUP BY 1, 2, 3, 4;
-- A minute in which nothing happened after all has no rows.
DELETE FROM orders_minuteorders WHERE (minute, market_id, channel_id) IN (
    SELECT minute, market_id, channel_id FROM orders_minuteorders GROUP BY 1, 2, 3
    HAVING bool_or(slot = 0) AND sum(placed_orders) = 0 AND sum(paid_orders) = 0);
DELETE FROM orders_minuteunits WHERE (minute, market_id, channel_id, product_id) IN (
    SELECT minute, market_id, channel_id, product_id FROM orders_minuteunits GROUP BY 1, 2, 3, 4
    HAVING bool_or(slot = 0) AND sum(placed_units) = 0 AND sum(paid_units) = 0);
DELETE FROM orders_minuteregions WHERE (minute, market_id, country, region) IN (
    SELECT minute, market_id, country, region FROM orders_minuteregions GROUP BY 1, 2, 3, 4
    HAVING bool_or(slot = 0) AND sum(paid_orders) = 0);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cash", "0001_initial"),
        ("orders", "0010_several_credits"),
        ("payments", "0005_disputes_and_remittances"),
        ("aftersales", "0001_initial"),
        ("catalog", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW orders_income;"),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
