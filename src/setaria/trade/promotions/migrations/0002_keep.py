"""A discount is only written together with the use it stands for; an order without discounts costs this nothing.

The charges of an order come in one statement (`orders/charges.py`), in the transaction that places the order.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION promotions_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM new_charges WHERE kind = 3 AND source LIKE 'promotion:%') THEN
        RETURN NULL;
    END IF;
    WITH charged AS (
        SELECT order_id, substring(source FROM 11)::int AS promotion_id, -sum(amount) AS amount
        FROM new_charges WHERE kind = 3 AND source LIKE 'promotion:%' GROUP BY 1, 2
    ), kept AS (
        UPDATE promotions_use AS u SET state = 2 FROM charged AS c
        WHERE u.order_id = c.order_id AND u.promotion_id = c.promotion_id AND u.amount = c.amount AND u.state = 1
        RETURNING u.order_id, u.promotion_id
    )
    SELECT charged.order_id, charged.promotion_id INTO bad
    FROM charged LEFT JOIN kept USING (order_id, promotion_id) WHERE kept.order_id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'promotion % is not set aside for order %', bad.promotion_id, bad.order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'discount_has_its_use';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER promotions_keep AFTER INSERT ON orders_charge REFERENCING NEW TABLE AS new_charges
    FOR EACH STATEMENT EXECUTE FUNCTION promotions_keep();
"""
DROP = "DROP TRIGGER promotions_keep ON orders_charge; DROP FUNCTION promotions_keep();"


class Migration(migrations.Migration):
    dependencies = [("promotions", "0001_initial"), ("orders", "0008_charge")]
    operations = [migrations.RunSQL(CREATE, DROP)]
