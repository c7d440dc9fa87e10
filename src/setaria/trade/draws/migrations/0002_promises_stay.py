"""What a draw promised, sealed or drew can no longer be changed, by nobody."""

from django.db import migrations

CREATE = """
CREATE FUNCTION draw_promises_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a draw that was announced stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.drop_id, NEW.opens_at, NEW.closes_at, NEW.offer_seconds, NEW.lanes, NEW.seed_sha256, NEW.nonce,
        NEW.witness_source) IS DISTINCT FROM (OLD.drop_id, OLD.opens_at, OLD.closes_at, OLD.offer_seconds, OLD.lanes,
        OLD.seed_sha256, OLD.nonce, OLD.witness_source)
       OR OLD.sealed_at IS NOT NULL AND (NEW.sealed_at, NEW.entries_sha256, NEW.entries_count)
          IS DISTINCT FROM (OLD.sealed_at, OLD.entries_sha256, OLD.entries_count)
       OR OLD.witness <> '' AND NEW.witness IS DISTINCT FROM OLD.witness
       OR OLD.drawn_at IS NOT NULL AND (NEW.drawn_at, NEW.seed) IS DISTINCT FROM (OLD.drawn_at, OLD.seed) THEN
        RAISE EXCEPTION 'what a draw announced, sealed or drew stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draw_promises_stay BEFORE UPDATE OR DELETE ON draws_draw
    FOR EACH ROW EXECUTE FUNCTION draw_promises_stay();

CREATE FUNCTION draw_prizes_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR EXISTS (SELECT 1 FROM draws_draw WHERE drop_id = NEW.draw_id AND sealed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the places of a draw were announced and stay' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draw_prizes_stay BEFORE INSERT OR UPDATE OR DELETE ON draws_prize
    FOR EACH ROW EXECUTE FUNCTION draw_prizes_stay();

CREATE FUNCTION draw_list_is_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM draws_draw WHERE sealed_at IS NOT NULL
               AND drop_id IN (CASE WHEN TG_OP = 'DELETE' THEN OLD.draw_id ELSE NEW.draw_id END,
                               CASE WHEN TG_OP = 'INSERT' THEN NEW.draw_id ELSE OLD.draw_id END)) THEN
        RAISE EXCEPTION 'the list of this draw is sealed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER draw_list_is_sealed BEFORE INSERT OR DELETE OR UPDATE OF draw_id, customer_id, variant_id, pseudonym
    ON draws_entry FOR EACH ROW EXECUTE FUNCTION draw_list_is_sealed();

CREATE FUNCTION draw_ranks_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a rank was drawn and stays' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER draw_ranks_stay BEFORE UPDATE OF rank ON draws_entry
    FOR EACH ROW WHEN (OLD.rank IS NOT NULL) EXECUTE FUNCTION draw_ranks_stay();
"""
DROP = """
DROP TRIGGER draw_ranks_stay ON draws_entry; DROP FUNCTION draw_ranks_stay();
DROP TRIGGER draw_list_is_sealed ON draws_entry; DROP FUNCTION draw_list_is_sealed();
DROP TRIGGER draw_prizes_stay ON draws_prize; DROP FUNCTION draw_prizes_stay();
DROP TRIGGER draw_promises_stay ON draws_draw; DROP FUNCTION draw_promises_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("draws", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
