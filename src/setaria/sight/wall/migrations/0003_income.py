"""Milestones that promises made, and money did not, are forgotten: the curve still says when an amount was passed."""

from django.db import migrations

FORGET = """
ALTER TABLE wall_milestone DISABLE TRIGGER USER;
DELETE FROM wall_milestone AS s WHERE EXISTS (
    SELECT 1 FROM orders_order AS o JOIN orders_settlement AS paid ON paid.order_id = o.id AND paid.outcome = 1
    JOIN cash_promise AS p ON p.payment_id = paid.payment_id
    WHERE o.market_id = s.market_id AND o.paid_at >= s.since AND o.paid_at <= s.at
);
ALTER TABLE wall_milestone ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("wall", "0002_milestones_stand"), ("cash", "0002_income")]
    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
