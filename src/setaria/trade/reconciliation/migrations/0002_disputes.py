from django.db import migrations, models

KINDS = [(1, "Payment"), (2, "Refund"), (3, "Payout"), (4, "Other"), (5, "Dispute"), (6, "Dispute Back")]


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]

    operations = [
        migrations.AlterField("entry", "kind", models.SmallIntegerField(choices=KINDS)),
        migrations.AlterField("difference", "what", models.SmallIntegerField(choices=KINDS)),
        migrations.AlterField(
            "entry",
            "about",
            models.UUIDField(help_text="Our payment's, refund's or dispute's id, where the line names it.", null=True),
        ),
        migrations.RemoveConstraint("entry", "entry_kind_known"),
        migrations.AddConstraint(
            "entry",
            models.CheckConstraint(condition=models.Q(("kind__in", [1, 2, 3, 4, 5, 6])), name="entry_kind_known"),
        ),
    ]
