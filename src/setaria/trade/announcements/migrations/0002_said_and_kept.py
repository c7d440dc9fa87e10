"""What was approved stays as it was approved."""

from django.db import migrations

CREATE = """
CREATE FUNCTION announcement_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approved_at IS NOT NULL AND (NEW.revision, NEW.topic, NEW.title, NEW.text, NEW.path, NEW.channels, NEW.market_id,
        NEW.language, NEW.points_min, NEW.guests, NEW.starts_at, NEW.ends_at, NEW.written_by_id, NEW.written_at,
        NEW.approved_by_id, NEW.approved_at) IS DISTINCT FROM (OLD.revision, OLD.topic, OLD.title, OLD.text, OLD.path,
        OLD.channels, OLD.market_id, OLD.language, OLD.points_min, OLD.guests, OLD.starts_at, OLD.ends_at,
        OLD.written_by_id, OLD.written_at, OLD.approved_by_id, OLD.approved_at)
       OR NEW.reached < OLD.reached OR NEW.written < OLD.written
       OR OLD.stopped_at IS NOT NULL AND NEW.stopped_at IS DISTINCT FROM OLD.stopped_at THEN
        RAISE EXCEPTION 'an announcement stays as it was approved, and goes only forward'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER announcement_stays BEFORE UPDATE ON announcements_announcement
    FOR EACH ROW EXECUTE FUNCTION announcement_stays();
"""
DROP = "DROP TRIGGER announcement_stays ON announcements_announcement; DROP FUNCTION announcement_stays();"


class Migration(migrations.Migration):
    dependencies = [("announcements", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
