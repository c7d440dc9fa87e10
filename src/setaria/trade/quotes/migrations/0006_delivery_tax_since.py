"""How delivery is taxed counts from an instant on, like every rate: what stands now stands from the beginning."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

RULES = ["standard", "goods", "none"]
BEGINNING = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
MOVE = """
INSERT INTO quotes_deliverytaxrule (market_id, rule) SELECT market_id, delivery_tax FROM quotes_marketrules
WHERE delivery_tax <> 'standard';
"""
BACK = """
INSERT INTO quotes_marketrules (market_id, rounding, delivery_tax)
SELECT DISTINCT ON (market_id) market_id, 'line_half_even', rule FROM quotes_deliverytaxrule WHERE since <= now()
ORDER BY market_id, since DESC
ON CONFLICT (market_id) DO UPDATE SET delivery_tax = excluded.delivery_tax;
"""
RAISE = """
CREATE TRIGGER raise_quotes_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON quotes_deliverytaxrule
FOR EACH STATEMENT EXECUTE FUNCTION raise_quotes_version();
"""


class Migration(migrations.Migration):
    dependencies = [("quotes", "0005_delivery_tax"), ("markets", "0001_initial")]
    operations = [
        migrations.RemoveConstraint("marketrules", "delivery_tax_is_named"),
        migrations.CreateModel(
            name="DeliveryTaxRule",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("rule", models.CharField(choices=[(rule, rule) for rule in RULES], max_length=16)),
                (
                    "since",
                    models.DateTimeField(db_default=BEGINNING, default=BEGINNING, help_text="The latest one counts."),
                ),
                ("by", models.CharField(blank=True, db_default="", default="", max_length=254)),
                (
                    "market",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_tax_rules",
                        to="markets.market",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("market", "since"), name="delivery_tax_one_an_instant"),
                    models.CheckConstraint(condition=models.Q(("rule__in", RULES)), name="delivery_tax_is_named"),
                ],
            },
        ),
        migrations.RunSQL(MOVE, BACK),
        migrations.RemoveField("marketrules", "delivery_tax"),
        migrations.RunSQL(RAISE, "DROP TRIGGER raise_quotes_version ON quotes_deliverytaxrule;"),
    ]
