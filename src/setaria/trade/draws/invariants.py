"""What must hold of draws. The rule is run again here, in SQL, from what is stored."""

from setaria.kernel.invariants import Invariant

_DRAWN = "SELECT count(*) FROM draws_draw WHERE drawn_at IS NOT NULL"
_ENTRIES = "SELECT count(*) FROM draws_entry"
_OFFERS = "SELECT count(*) FROM draws_offer"

INVARIANTS = [
    Invariant(
        "draw_seed_is_the_promised_one",
        "The seed of every draw has the hash that was published beforehand.",
        _DRAWN,
        """
        SELECT drop_id, seed_sha256 FROM draws_draw
        WHERE drawn_at IS NOT NULL AND encode(sha256(convert_to(seed, 'UTF8')), 'hex') <> seed_sha256
        """,
    ),
    Invariant(
        "draw_list_is_the_sealed_one",
        "The entries of every sealed draw are those that were sealed: their hash and their number.",
        "SELECT count(*) FROM draws_draw WHERE sealed_at IS NOT NULL",
        """
        SELECT d.drop_id, d.entries_count, count(line) FROM draws_draw AS d
        LEFT JOIN (
            SELECT e.draw_id, e.pseudonym || ' ' || v.sku || chr(10) AS line
            FROM draws_entry AS e JOIN catalog_variant AS v ON v.id = e.variant_id
        ) AS l ON l.draw_id = d.drop_id
        WHERE d.sealed_at IS NOT NULL
        GROUP BY d.drop_id
        HAVING (d.entries_count, d.entries_sha256) IS DISTINCT FROM (count(line)::int, encode(sha256(convert_to(
            coalesce(string_agg(line, '' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex'))
        """,
    ),
    Invariant(
        "draw_ranks_follow_the_rule",
        "Every rank is what the rule gives for the published seed, list and witness; before the draw there are none.",
        _ENTRIES,
        """
        SELECT r.draw_id, r.customer_id, r.rank, r.due FROM (
            SELECT e.draw_id, e.customer_id, e.rank, CASE WHEN k.key IS NOT NULL THEN row_number() OVER (
                PARTITION BY e.draw_id, e.variant_id
                ORDER BY sha256(convert_to(k.key || ' ' || e.pseudonym, 'UTF8'))) END AS due
            FROM draws_entry AS e LEFT JOIN (
                SELECT drop_id, encode(sha256(convert_to(concat('setaria draw 1', chr(10), seed, chr(10),
                       entries_sha256, chr(10), witness, chr(10)), 'UTF8')), 'hex') AS key
                FROM draws_draw WHERE drawn_at IS NOT NULL
            ) AS k ON k.drop_id = e.draw_id
        ) AS r WHERE r.rank IS DISTINCT FROM r.due
        """,
    ),
    Invariant(
        "one_entry_a_customer",
        "Nobody is in a draw twice, and nobody is in one who is no member or for something that is not drawn for.",
        _ENTRIES,
        """
        SELECT e.draw_id, e.customer_id, count(*) FROM draws_entry AS e
        LEFT JOIN members_member AS m ON m.id = e.customer_id
        LEFT JOIN draws_prize AS p ON p.draw_id = e.draw_id AND p.variant_id = e.variant_id
        GROUP BY e.draw_id, e.customer_id HAVING count(*) > 1 OR count(m.id) < count(*) OR count(p.variant_id) < count(*)
        """,
    ),
    Invariant(
        "places_are_offered_in_order",
        "Places were offered to the first ranks without a gap, each to whom the draw gave it.",
        _OFFERS,
        """
        SELECT o.draw_id, o.variant_id, o.rank, o.due FROM (
            SELECT *, row_number() OVER (PARTITION BY draw_id, variant_id ORDER BY rank) AS due FROM draws_offer
        ) AS o
        LEFT JOIN draws_entry AS e
            ON (e.draw_id, e.customer_id, e.variant_id, e.rank) = (o.draw_id, o.customer_id, o.variant_id, o.rank)
        WHERE o.rank <> o.due OR e.rank IS NULL
        """,
    ),
    Invariant(
        "places_are_not_exceeded",
        "At no time are more places offered or taken than there are.",
        "SELECT count(*) FROM draws_prize",
        """
        SELECT p.draw_id, p.variant_id, p.places, o.n FROM draws_prize AS p
        JOIN (SELECT draw_id, variant_id, count(*) AS n FROM draws_offer WHERE outcome IN (0, 1)
              GROUP BY draw_id, variant_id) AS o USING (draw_id, variant_id)
        WHERE o.n > p.places
        """,
    ),
    Invariant(
        "only_the_drawn_order",
        "Every order in a drop with a draw is the one of a place offered to its customer, for what was drawn.",
        "SELECT count(*) FROM orders_order JOIN drops_drop AS d ON d.id = drop_id WHERE d.admission = 'draw'",
        """
        SELECT placed.id, placed.customer_id FROM orders_order AS placed
        JOIN drops_drop AS d ON d.id = placed.drop_id AND d.admission = 'draw'
        JOIN orders_line AS l ON l.order_id = placed.id
        LEFT JOIN draws_offer AS o ON o.order_id = placed.id AND o.draw_id = placed.drop_id
            AND o.customer_id = placed.customer_id AND o.variant_id = l.variant_id
        WHERE o.order_id IS NULL
        """,
    ),
]
