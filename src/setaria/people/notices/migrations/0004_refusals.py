"""What people do not want to be told, and where they shop."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("markets", "0001_initial"),
        ("notices", "0003_wordings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="reader",
            name="market",
            field=models.ForeignKey(
                help_text="Where they looked around last.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="markets.market",
            ),
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("topic", models.CharField(max_length=12)),
                ("channel", models.CharField(max_length=12)),
                ("at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        help_text="Or a guest's.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "topic", "channel"), name="refusal_once"),
                    models.CheckConstraint(
                        condition=models.Q(("topic__in", ["drops", "offers"])), name="refusal_of_what_may_be_refused"
                    ),
                ],
            },
        ),
    ]
