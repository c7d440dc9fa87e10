import django.core.validators
import django.db.models.deletion
import setaria.kernel.texts
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_newest"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bundle",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("name", setaria.kernel.texts.TextsField()),
                ("line", setaria.kernel.texts.TextsField()),
                ("published", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="BundlePart",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("quantity", models.PositiveSmallIntegerField(default=1)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Companion",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Option",
            fields=[
                ("key", models.SlugField(max_length=32, primary_key=True, serialize=False)),
                ("name", setaria.kernel.texts.TextsField()),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "key"],
            },
        ),
        migrations.CreateModel(
            name="OptionValue",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("value", models.SlugField(max_length=40)),
                ("name", setaria.kernel.texts.TextsField()),
                (
                    "swatch",
                    models.CharField(
                        blank=True,
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "A swatch is written #rrggbb.")
                        ],
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.AddField(
            model_name="variant",
            name="net_quantity",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the whole pack holds, in `net_unit`; its price per 100 divides by it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="variant",
            name="net_unit",
            field=models.CharField(blank=True, choices=[("g", "Gram"), ("ml", "Millilitre")], max_length=2),
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("net_quantity__isnull", True), ("net_unit", "")),
                    models.Q(("net_quantity__gte", 1), ("net_quantity__isnull", False), ("net_unit__in", ["g", "ml"])),
                    _connector="OR",
                ),
                name="variant_net_quantity_has_a_unit",
            ),
        ),
        migrations.AddField(
            model_name="bundlepart",
            name="bundle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="catalog.bundle"
            ),
        ),
        migrations.AddField(
            model_name="bundlepart",
            name="variant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="part_of", to="catalog.variant"
            ),
        ),
        migrations.AddField(
            model_name="companion",
            name="other",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="companion_of", to="catalog.product"
            ),
        ),
        migrations.AddField(
            model_name="companion",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="companions", to="catalog.product"
            ),
        ),
        migrations.AddField(
            model_name="optionvalue",
            name="option",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="values", to="catalog.option"
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlepart",
            constraint=models.UniqueConstraint(fields=("bundle", "variant"), name="bundle_part_once"),
        ),
        migrations.AddConstraint(
            model_name="bundlepart",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gte", 1)), name="bundle_part_not_empty"),
        ),
        migrations.AddConstraint(
            model_name="companion",
            constraint=models.UniqueConstraint(fields=("product", "other"), name="companion_once"),
        ),
        migrations.AddConstraint(
            model_name="companion",
            constraint=models.CheckConstraint(
                condition=models.Q(("product", models.F("other")), _negated=True), name="companion_is_another"
            ),
        ),
        migrations.AddConstraint(
            model_name="optionvalue",
            constraint=models.UniqueConstraint(fields=("option", "value"), name="option_value_once"),
        ),
        migrations.AddConstraint(
            model_name="optionvalue",
            constraint=models.CheckConstraint(
                condition=models.Q(("swatch__regex", "^(#[0-9a-f]{6})?$")), name="option_swatch_is_a_colour"
            ),
        ),
    ]
