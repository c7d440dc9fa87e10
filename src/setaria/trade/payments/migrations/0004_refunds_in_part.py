"""Many refunds of one payment, never more than it brought in. What there is keeps its payment's id as its own."""

from django.db import migrations, models

KEY = """
ALTER TABLE payments_refund ADD COLUMN id uuid;
UPDATE payments_refund SET id = payment_id;
ALTER TABLE payments_refund DROP CONSTRAINT payments_refund_pkey;
ALTER TABLE payments_refund ALTER COLUMN id SET NOT NULL, ADD PRIMARY KEY (id);
CREATE INDEX payments_refund_payment_id_idx ON payments_refund (payment_id);
"""
BACK = """
DROP INDEX payments_refund_payment_id_idx;
ALTER TABLE payments_refund DROP CONSTRAINT payments_refund_pkey;
ALTER TABLE payments_refund ADD PRIMARY KEY (payment_id), DROP COLUMN id;
"""
WITHIN = """
CREATE FUNCTION payments_refund_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid bigint;
BEGIN
    -- Locked, so that two at once see each other's.
    SELECT amount INTO paid FROM orders_settlement
    WHERE order_id = NEW.order_id AND payment_id = NEW.payment_id AND currency = NEW.currency FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        SELECT amount INTO paid FROM preorders_receipt
        WHERE payment_id = NEW.payment_id AND place_id = NEW.order_id AND currency = NEW.currency FOR NO KEY UPDATE;
    END IF;
    IF NOT FOUND THEN
        SELECT amount INTO paid FROM orders_credit
        WHERE order_id = NEW.order_id AND payment_id = NEW.payment_id AND currency = NEW.currency AND means = 2
              AND revoked_at IS NULL FOR NO KEY UPDATE;
    END IF;
    -- The same refund again is the key's to refuse.
    IF paid IS NULL OR paid < NEW.amount + (
        SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE payment_id = NEW.payment_id AND id <> NEW.id
    ) THEN
        RAISE EXCEPTION 'more of payment % is sent back than came in', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunded_within_paid';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refunded_within_paid BEFORE INSERT ON payments_refund
    FOR EACH ROW EXECUTE FUNCTION payments_refund_within();
"""
WITHOUT = "DROP TRIGGER refunded_within_paid ON payments_refund; DROP FUNCTION payments_refund_within();"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_providers_and_cases"),
        ("orders", "0010_several_credits"),
        ("preorders", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEY, BACK)],
            state_operations=[
                migrations.AlterField("refund", "payment_id", models.UUIDField(db_index=True)),
                migrations.AddField(
                    "refund",
                    "id",
                    models.UUIDField(
                        primary_key=True,
                        serialize=False,
                        help_text="The payment's, where all of it goes back by itself; else its own.",
                    ),
                ),
            ],
        ),
        migrations.AddField("refund", "return_id", models.UUIDField(null=True, db_index=True)),
        migrations.AlterField("refund", "reason", models.CharField(max_length=200)),
        migrations.RunSQL(WITHIN, WITHOUT),
    ]
