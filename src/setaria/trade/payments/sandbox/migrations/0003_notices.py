"""What the bank has yet to tell is a row each, where it was a job of a queue that had no other; the queue goes."""

from django.db import migrations, models

MOVE = """
DO $$
DECLARE one record;
BEGIN
    IF to_regclass('procrastinate_jobs') IS NOT NULL THEN
        INSERT INTO sandbox_notice (payment_id, order_id, status, amount, currency, tell_at, attempts)
        SELECT (args ->> 'payment_id')::uuid, (args ->> 'order_id')::uuid, args ->> 'status',
               (args ->> 'amount')::bigint, args ->> 'currency', coalesce(scheduled_at, now()), 0
        FROM procrastinate_jobs WHERE task_name = 'sandbox.tell' AND status IN ('todo', 'doing') ORDER BY id;
    END IF;
    FOR one IN SELECT oid::regclass AS name FROM pg_class
               WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP TABLE %s CASCADE', one.name);
    END LOOP;
    FOR one IN SELECT oid::regprocedure AS name FROM pg_proc
               WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', one.name);
    END LOOP;
    FOR one IN SELECT oid::regtype AS name FROM pg_type
               WHERE typname LIKE 'procrastinate\\_%' AND typnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP TYPE %s CASCADE', one.name);
    END LOOP;
    DELETE FROM django_migrations WHERE app = 'procrastinate';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("sandbox", "0002_reversals")]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payment_id", models.UUIDField()),
                ("order_id", models.UUIDField()),
                ("status", models.CharField(max_length=12)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "tell_at",
                    models.DateTimeField(
                        db_index=True, help_text="Not before; after an attempt, not before the next one."
                    ),
                ),
                ("attempts", models.SmallIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
    ]
