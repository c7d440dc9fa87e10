"""What must hold of waiting rooms."""

from setaria.kernel.invariants import Invariant

_ROOMS = "SELECT count(*) FROM queues_queue"
_WAITERS = "SELECT count(*) FROM queues_waiter"

INVARIANTS = [
    Invariant(
        "every_queued_drop_has_its_room",
        "A drop whose admission is a queue has a waiting room, and no room is without its drop.",
        _ROOMS,
        """
        SELECT coalesce(d.id, q.drop_id) FROM (SELECT id FROM drops_drop WHERE admission = 'queue') AS d
        FULL JOIN queues_queue AS q ON q.drop_id = d.id
        WHERE q.drop_id IS NULL OR (d.id IS NULL AND NOT EXISTS (SELECT 1 FROM drops_drop WHERE id = q.drop_id))
        """,
    ),
    Invariant(
        "a_seed_is_what_was_published",
        "The seed of every waiting room has the hash that was public before.",
        _ROOMS,
        "SELECT drop_id FROM queues_queue WHERE encode(sha256(seed), 'hex') <> seed_hash",
    ),
    Invariant(
        "queue_numbers_have_no_gaps",
        "Once a room is numbered, the numbers from 1 to its last place are each held, or were given up, exactly once.",
        _WAITERS,
        """
        SELECT q.drop_id, q.places, count(n.number), max(n.number) FROM queues_queue AS q
        LEFT JOIN (SELECT drop_id, number FROM queues_waiter WHERE number IS NOT NULL
                   UNION ALL SELECT drop_id, number FROM queues_missed) AS n ON n.drop_id = q.drop_id
        WHERE q.numbered_at IS NOT NULL
        GROUP BY q.drop_id, q.places
        HAVING (count(n.number), count(DISTINCT n.number), coalesce(max(n.number), 0))
               IS DISTINCT FROM (q.places, q.places, q.places)
        """,
    ),
    Invariant(
        "places_are_people",
        "Until a room is numbered it has given as many places as people are in it, none of them numbered; "
        "afterwards nobody is without a number.",
        _WAITERS,
        """
        SELECT q.drop_id, q.places, count(w.customer_id), count(w.number) FROM queues_queue AS q
        LEFT JOIN queues_waiter AS w ON w.drop_id = q.drop_id
        GROUP BY q.drop_id, q.places, q.numbered_at
        HAVING (q.numbered_at IS NULL AND (count(w.customer_id) <> q.places OR count(w.number) > 0))
            OR (q.numbered_at IS NOT NULL AND count(w.customer_id) <> count(w.number))
        """,
    ),
    Invariant(
        "early_ones_stand_as_the_seed_says",
        "Who was in before the opening, and has not given the number up, stands where the seed and the list put them.",
        _WAITERS,
        """
        WITH place AS (
            SELECT w.drop_id, w.customer_id, w.pseudonym, least(w.number, min(m.number)) AS number
            FROM queues_waiter AS w LEFT JOIN queues_missed AS m USING (drop_id, customer_id)
            GROUP BY w.drop_id, w.customer_id, w.pseudonym, w.number
        ), early AS (
            SELECT place.*, q.seed FROM place JOIN queues_queue AS q USING (drop_id) WHERE number <= q.early
        ), list AS (
            SELECT drop_id, seed || sha256(string_agg(uuid_send(pseudonym), ''::bytea ORDER BY pseudonym)) AS key
            FROM early GROUP BY drop_id, seed
        ), ranked AS (
            SELECT drop_id, customer_id, number, row_number() OVER (
                PARTITION BY drop_id ORDER BY sha256(key || uuid_send(pseudonym)), pseudonym) AS rank
            FROM early JOIN list USING (drop_id)
        )
        SELECT drop_id, customer_id, number, rank FROM ranked WHERE number <> rank
        """,
    ),
    Invariant(
        "waves_are_what_was_admitted",
        "The waves of a room follow each other without gaps and end where admission stands.",
        "SELECT count(*) FROM queues_wave",
        """
        SELECT drop_id, first, through, before FROM (
            SELECT drop_id, first, through, lag(through, 1, 0::bigint) OVER w AS before FROM queues_wave
            WINDOW w AS (PARTITION BY drop_id ORDER BY first)
        ) AS waves WHERE first <> before + 1
        UNION ALL
        SELECT q.drop_id, q.admitted_to, max(v.through), NULL FROM queues_queue AS q
        LEFT JOIN queues_wave AS v ON v.drop_id = q.drop_id
        GROUP BY q.drop_id, q.admitted_to HAVING coalesce(max(v.through), 0) <> q.admitted_to
        """,
    ),
    Invariant(
        "nobody_orders_before_their_turn",
        "Every order in a drop with a waiting room is of somebody who was let in.",
        "SELECT count(*) FROM orders_order JOIN queues_queue USING (drop_id)",
        """
        SELECT o.id, o.customer_id FROM orders_order AS o JOIN queues_queue AS q ON q.drop_id = o.drop_id
        WHERE NOT EXISTS (SELECT 1 FROM queues_waiter AS w
                          WHERE w.drop_id = o.drop_id AND w.customer_id = o.customer_id AND w.number <= q.admitted_to)
          AND NOT EXISTS (SELECT 1 FROM queues_missed AS m
                          WHERE m.drop_id = o.drop_id AND m.customer_id = o.customer_id)
        """,
    ),
]
