from django.db import migrations, models

RULES = ["standard", "goods", "none"]


class Migration(migrations.Migration):
    dependencies = [("quotes", "0004_version")]

    operations = [
        migrations.AddField(
            "marketrules",
            "delivery_tax",
            models.CharField(
                choices=[(rule, rule) for rule in RULES], db_default="standard", default="standard", max_length=16
            ),
        ),
        migrations.AddConstraint(
            "marketrules",
            models.CheckConstraint(condition=models.Q(("delivery_tax__in", RULES)), name="delivery_tax_is_named"),
        ),
    ]
