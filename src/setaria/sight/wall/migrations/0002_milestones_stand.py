"""A milestone that was shown to a room is not taken back."""

from django.db import migrations

CREATE = """
CREATE FUNCTION milestone_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A milestone stands once it was written down.' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER milestone_stands BEFORE UPDATE OR DELETE ON wall_milestone
    FOR EACH ROW EXECUTE FUNCTION milestone_stands();
"""
DROP = "DROP TRIGGER milestone_stands ON wall_milestone; DROP FUNCTION milestone_stands();"


class Migration(migrations.Migration):
    dependencies = [("wall", "0001_milestones")]

    operations = [migrations.RunSQL(CREATE, DROP)]
