"""What staff words, by version; a version that was written stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

CREATE = """
CREATE FUNCTION wording_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a wording is history; write another version' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER wording_stays BEFORE UPDATE OR DELETE ON notices_wording
    FOR EACH ROW EXECUTE FUNCTION wording_stays();
"""
DROP = "DROP TRIGGER wording_stays ON notices_wording; DROP FUNCTION wording_stays();"


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0002_devices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="payload",
            field=models.JSONField(default=dict, help_text="What its kind may tell; no more of a person than that."),
        ),
        migrations.AlterField(
            model_name="message",
            name="template",
            field=models.CharField(help_text="The name of a kind (`kinds.py`).", max_length=60),
        ),
        migrations.CreateModel(
            name="Wording",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("language", models.CharField(max_length=8)),
                ("version", models.PositiveIntegerField()),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(blank=True)),
                ("written_at", models.DateTimeField()),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "language", "version"), name="wording_version_once"),
                    models.CheckConstraint(
                        condition=Q(("subject", ""), ("text", ""))
                        | Q(Q(("subject", ""), _negated=True), Q(("text", ""), _negated=True)),
                        name="wording_whole_or_none",
                    ),
                    models.CheckConstraint(
                        condition=Q(("language__in", ("zh-hans", "en")), ("version__gte", 1)),
                        name="wording_of_a_language",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
