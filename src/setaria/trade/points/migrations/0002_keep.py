"""Points are only taken off an order together with what was set aside for it; an order without costs this nothing."""

from django.db import migrations

CREATE = """
CREATE FUNCTION points_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad uuid;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM new_charges WHERE kind = 5) THEN
        RETURN NULL;
    END IF;
    WITH charged AS (
        SELECT order_id, -sum(amount) AS amount FROM new_charges WHERE kind = 5 GROUP BY 1
    ), kept AS (
        UPDATE points_spending AS s SET state = 2 FROM charged AS c
        WHERE s.order_id = c.order_id AND s.amount = c.amount AND s.state = 1 RETURNING s.order_id
    )
    SELECT charged.order_id INTO bad FROM charged LEFT JOIN kept USING (order_id) WHERE kept.order_id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'points are not set aside for order %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'points_are_set_aside';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER points_keep AFTER INSERT ON orders_charge REFERENCING NEW TABLE AS new_charges
    FOR EACH STATEMENT EXECUTE FUNCTION points_keep();
"""
DROP = "DROP TRIGGER points_keep ON orders_charge; DROP FUNCTION points_keep();"


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial"), ("orders", "0008_charge")]
    operations = [migrations.RunSQL(CREATE, DROP)]
