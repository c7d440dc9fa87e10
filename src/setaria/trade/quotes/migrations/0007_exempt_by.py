"""An exemption counts over a time range, says who saw its certificate, and stays when it has ended; two never overlap."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import migrations, models

MOVE = "UPDATE quotes_exemption SET valid = tstzrange('2000-01-01Z', greatest(until, '2000-01-01Z'));"
BACK = """
DELETE FROM quotes_exemption WHERE upper(valid) < now() OR isempty(valid);
UPDATE quotes_exemption SET until = upper(valid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("quotes", "0006_delivery_tax_since"),
        ("kernel", "0001_extensions"),
        ("markets", "0001_initial"),
        ("members", "0001_initial"),
    ]
    operations = [
        migrations.RemoveConstraint("exemption", "exemption_one_a_market"),
        migrations.AddField("exemption", "by", models.CharField(blank=True, db_default="", default="", max_length=254)),
        migrations.AddField(
            "exemption", "ended_by", models.CharField(blank=True, db_default="", default="", max_length=254)
        ),
        migrations.AddField("exemption", "valid", DateTimeRangeField(null=True, help_text="[from, until)")),
        migrations.RunSQL(MOVE, BACK),
        migrations.RemoveField("exemption", "until"),
        migrations.AlterField("exemption", "valid", DateTimeRangeField(help_text="[from, until)")),
        migrations.AddConstraint(
            "exemption",
            ExclusionConstraint(
                name="exemption_one_at_a_time", expressions=[("member", "="), ("market", "="), ("valid", "&&")]
            ),
        ),
    ]
