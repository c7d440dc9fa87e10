"""History only grows (law 9)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION movement_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a movement is history; write a correcting one' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER movement_is_immutable BEFORE UPDATE OR DELETE ON inventory_movement
    FOR EACH ROW EXECUTE FUNCTION movement_is_immutable();
"""
DROP = "DROP TRIGGER movement_is_immutable ON inventory_movement; DROP FUNCTION movement_is_immutable();"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
