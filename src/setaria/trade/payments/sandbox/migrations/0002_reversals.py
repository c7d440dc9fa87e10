"""Money that the bank sent back: a row each, where a charge had one instant."""

import django.db.models.deletion
from django.db import migrations, models

KEEP = """
INSERT INTO sandbox_reversal (refund_id, charge_id, amount, at)
SELECT payment_id, payment_id, amount, refunded_at FROM sandbox_charge WHERE refunded_at IS NOT NULL
"""
BACK = "UPDATE sandbox_charge AS c SET refunded_at = r.at FROM sandbox_reversal AS r WHERE r.charge_id = c.payment_id"


class Migration(migrations.Migration):
    dependencies = [("sandbox", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Reversal",
            fields=[
                ("refund_id", models.UUIDField(primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "charge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reversals", to="sandbox.charge"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(KEEP, BACK),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveField("charge", "refunded_at"),
    ]
