from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storefront", "0003_catalogue_shown"),
    ]

    operations = [
        migrations.CreateModel(
            name="BestSeller",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("channel_id", models.SmallIntegerField()),
                ("rank", models.PositiveSmallIntegerField()),
                ("product_id", models.IntegerField()),
                ("units", models.BigIntegerField(help_text="Of paid orders in the last four weeks.")),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("channel_id", "rank"), name="bestseller_one_a_rank")],
            },
        ),
    ]
