"""An order may have several credits, by several means. The key takes the payment in; what is there are deposits."""

from django.db import migrations, models

WIDER = """
ALTER TABLE orders_credit DROP CONSTRAINT orders_credit_pkey, ADD PRIMARY KEY (order_id, payment_id);
"""
NARROWER = """
ALTER TABLE orders_credit DROP CONSTRAINT orders_credit_pkey, ADD PRIMARY KEY (order_id);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_news")]

    operations = [
        migrations.AddField(
            model_name="credit",
            name="means",
            field=models.SmallIntegerField(choices=[(1, "deposit"), (2, "gift card")], db_default=1, default=1),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(WIDER, NARROWER)],
            state_operations=[
                migrations.AddField(
                    model_name="credit",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "order_id", "payment_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                migrations.AlterField(model_name="credit", name="order_id", field=models.UUIDField()),
            ],
        ),
        migrations.AddIndex(
            model_name="credit",
            index=models.Index(condition=models.Q(("means", 2)), fields=["at"], name="credit_by_gift_card"),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(condition=models.Q(("means__in", [1, 2])), name="credit_means_known"),
        ),
    ]
