"""The last word on units taken back: never more of a line than was sold, under any concurrency."""

from django.db import migrations

CREATE = """
CREATE FUNCTION aftersales_within() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sold integer;
BEGIN
    -- Locked, so that two at once see each other's.
    SELECT quantity INTO sold FROM orders_line
    WHERE order_id = NEW.order_id AND position = NEW.position FOR NO KEY UPDATE;
    IF sold IS NULL OR sold < NEW.quantity + (
        SELECT coalesce(sum(quantity), 0) FROM aftersales_returnedline
        WHERE order_id = NEW.order_id AND position = NEW.position
    ) THEN
        RAISE EXCEPTION 'more of line % of order % is taken back than was sold', NEW.position, NEW.order_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'returned_within_sold';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER returned_within_sold BEFORE INSERT ON aftersales_returnedline
    FOR EACH ROW EXECUTE FUNCTION aftersales_within();

CREATE FUNCTION aftersales_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was taken back is not changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'returns_only_grow';
END $$;
CREATE TRIGGER return_stands BEFORE UPDATE OR DELETE ON aftersales_return
    FOR EACH ROW EXECUTE FUNCTION aftersales_refuse();
CREATE TRIGGER returned_line_stands BEFORE UPDATE OR DELETE ON aftersales_returnedline
    FOR EACH ROW EXECUTE FUNCTION aftersales_refuse();
CREATE TRIGGER returned_part_stands BEFORE UPDATE OR DELETE ON aftersales_returnedpart
    FOR EACH ROW EXECUTE FUNCTION aftersales_refuse();
"""
DROP = """
DROP TRIGGER returned_part_stands ON aftersales_returnedpart;
DROP TRIGGER returned_line_stands ON aftersales_returnedline;
DROP TRIGGER return_stands ON aftersales_return;
DROP FUNCTION aftersales_refuse();
DROP TRIGGER returned_within_sold ON aftersales_returnedline;
DROP FUNCTION aftersales_within();
"""


class Migration(migrations.Migration):
    dependencies = [("aftersales", "0001_initial"), ("orders", "0008_charge")]
    operations = [migrations.RunSQL(CREATE, DROP)]
