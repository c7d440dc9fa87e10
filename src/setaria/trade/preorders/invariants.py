"""What must hold of pre-orders: the promise, the queue, and every deposit accounted for."""

from setaria.kernel.invariants import Invariant

_PLACES = "SELECT count(*) FROM preorders_place"
_PROGRAMMES = "SELECT count(*) FROM preorders_programme"
_RECEIPTS = "SELECT count(*) FROM preorders_receipt"

INVARIANTS = [
    Invariant(
        "place_numbers_have_no_gaps",
        "A programme's numbers are 1, 2, 3 … as many as it says it gave.",
        _PLACES,
        """
        SELECT programme.id, numbers_given, places.n, places.last FROM preorders_programme AS programme
        FULL JOIN (SELECT programme_id, count(DISTINCT number) AS n, min(number) AS first, max(number) AS last
                   FROM preorders_place GROUP BY programme_id) AS places ON places.programme_id = programme.id
        WHERE coalesce(numbers_given, 0) <> coalesce(places.n, 0) OR coalesce(places.last, 0) <> coalesce(places.n, 0)
           OR coalesce(places.first, 1) <> 1
        """,
    ),
    Invariant(
        "places_keep_to_the_promise",
        "A programme has as many living places as it says, and not more than units promised.",
        _PROGRAMMES,
        """
        SELECT programme.id, places_living, n, places_max FROM preorders_programme AS programme
        LEFT JOIN (SELECT programme_id, count(*) AS n FROM preorders_place WHERE state <= 4
                   GROUP BY programme_id) AS living ON living.programme_id = programme.id
        WHERE places_living <> coalesce(n, 0) OR coalesce(n, 0) > places_max
        """,
    ),
    Invariant(
        "places_within_the_limit",
        "No customer has more living places in a programme than one may have.",
        _PLACES,
        """
        SELECT customer_id, programme_id, count(*), max(nth), limit_per_customer
        FROM preorders_place AS place JOIN preorders_programme AS programme ON programme.id = programme_id
        WHERE state <= 4 GROUP BY customer_id, programme_id, limit_per_customer
        HAVING count(*) > limit_per_customer OR max(nth) > limit_per_customer
        """,
    ),
    Invariant(
        "programmes_orders_are_their_places",
        "Every order of a programme's drop is a called place's: the same id and customer, one unit.",
        "SELECT count(*) FROM preorders_place WHERE state = 4",
        """
        SELECT coalesce(o.id, place.id), o.customer_id, place.customer_id, place.state
        FROM (SELECT o.id, o.customer_id, programme.id AS programme_id,
                     (SELECT sum(quantity) FROM orders_line WHERE order_id = o.id) AS units
              FROM orders_order AS o JOIN preorders_programme AS programme ON programme.drop_id = o.drop_id) AS o
        FULL JOIN (SELECT * FROM preorders_place WHERE state IN (3, 4)) AS place ON place.id = o.id
        WHERE place.id IS NULL OR (o.id IS NULL AND place.state = 4)
           OR (o.id IS NOT NULL AND (o.customer_id, o.programme_id, o.units)
               IS DISTINCT FROM (place.customer_id, place.programme_id, 1::bigint))
        """,
    ),
    Invariant(
        "nobody_is_passed_over",
        "No place was called while one with a lower number stood in the queue.",
        _PLACES,
        # First those behind whose back a higher number was called at all, which is cheap; then whether they stood.
        """
        WITH called AS (
            SELECT programme_id, called_in, max(number) AS number FROM preorders_place
            WHERE called_in IS NOT NULL GROUP BY programme_id, called_in
        ), reach AS (
            SELECT programme_id, called_in,
                   max(number) OVER (PARTITION BY programme_id ORDER BY called_in) AS number
            FROM called
        ), last AS (
            SELECT programme_id, max(called_in) AS called_in FROM called GROUP BY programme_id
        ), suspect AS (
            SELECT place.id, place.programme_id, place.number, place.stood_after, place.called_in
            FROM preorders_place AS place
            JOIN last ON last.programme_id = place.programme_id
            JOIN reach ON reach.programme_id = place.programme_id AND reach.number > place.number
                AND reach.called_in = coalesce(place.called_in - 1, last.called_in)
            WHERE place.state IN (2, 3, 4)
        )
        SELECT suspect.id, suspect.number, called.number, called.called_in FROM suspect
        JOIN called ON called.programme_id = suspect.programme_id AND called.number > suspect.number
            AND called.called_in > suspect.stood_after
            AND (suspect.called_in IS NULL OR called.called_in < suspect.called_in)
        """,
    ),
    Invariant(
        "supplies_are_in_the_pool",
        "Every supply is a transfer of its units into its programme's pool.",
        "SELECT count(*) FROM preorders_supply",
        """
        SELECT supply.id, supply.units, m.on_hand_change FROM preorders_supply AS supply
        JOIN preorders_programme AS programme ON programme.id = supply.programme_id
        JOIN drops_drop AS d ON d.id = programme.drop_id
        LEFT JOIN inventory_movement AS m ON m.source_id = supply.id AND m.location_id = d.pool_id
            AND m.variant_id = programme.variant_id
        WHERE m.on_hand_change IS DISTINCT FROM supply.units
        """,
    ),
    Invariant(
        "deposits_are_held_by_their_places",
        "A place with a deposit stands or goes on because of one payment of its amount, whose fate fits how it ended.",
        _RECEIPTS,
        """
        SELECT place.id, place.state, receipt.fate, receipt.amount, programme.deposit_amount
        FROM preorders_place AS place
        JOIN preorders_programme AS programme ON programme.id = place.programme_id
        LEFT JOIN preorders_receipt AS receipt ON receipt.place_id = place.id AND receipt.reason NOT IN ('wrong amount', 'not payable')
        WHERE (programme.deposit_amount > 0 AND place.state IN (2, 3, 4)
               AND receipt.amount IS DISTINCT FROM programme.deposit_amount)
           OR (place.state = 1 AND receipt.payment_id IS NOT NULL)
           OR (receipt.fate = 1 AND place.state = 4)
           OR (receipt.fate = 2 AND place.state NOT IN (3, 4))
           OR (receipt.fate IN (3, 4) AND place.state IN (1, 2))
        """,
    ),
    Invariant(
        "applied_deposits_are_credits",
        "A deposit is applied exactly where an order has its credit, to the minor unit; no other credit exists.",
        "SELECT count(*) FROM orders_credit",
        # Each changes a moment after the other, so that a crash between them is mended: never without its counterpart.
        """
        SELECT coalesce(credit.order_id, receipt.place_id), credit.amount, receipt.amount, receipt.fate
        FROM (SELECT * FROM orders_credit WHERE means = 1) AS credit
        FULL JOIN preorders_receipt AS receipt
            ON receipt.payment_id = credit.payment_id AND receipt.place_id = credit.order_id
        WHERE (credit.revoked_at IS NULL AND credit.order_id IS NOT NULL
               AND (receipt.fate, credit.amount, credit.currency) IS DISTINCT FROM
                   (CASE receipt.fate WHEN 1 THEN 1 ELSE 2 END, receipt.amount, receipt.currency))
           OR (receipt.fate = 2 AND credit.order_id IS NULL)
        """,
    ),
    Invariant(
        "deposits_add_up",
        "What came in for deposits is held, applied, kept or goes back; and nothing goes back that did not come in.",
        _RECEIPTS,
        """
        SELECT receipt.payment_id, receipt.fate, receipt.amount, refund.amount
        FROM preorders_receipt AS receipt
        LEFT JOIN payments_refund AS refund ON refund.payment_id = receipt.payment_id
        WHERE (receipt.fate NOT IN (2, 4) AND refund.payment_id IS NOT NULL)
           OR (receipt.fate = 2 AND refund.payment_id IS NOT NULL AND refund.return_id IS NULL)
           OR (receipt.fate = 4 AND refund.amount <> receipt.amount)
           OR EXISTS (SELECT 1 FROM orders_settlement AS s WHERE s.payment_id = receipt.payment_id)
        """,
    ),
    Invariant(
        "slips_are_told",
        "A slip has a notice for a place at most once, and only for a number that it touches.",
        "SELECT count(*) FROM preorders_notice",
        """
        SELECT notice.slip_id, notice.place_id, place.number FROM preorders_notice AS notice
        LEFT JOIN preorders_slip AS slip ON slip.id = notice.slip_id
        LEFT JOIN preorders_week AS week ON week.id = slip.week_id
        LEFT JOIN preorders_place AS place ON place.id = notice.place_id AND place.programme_id = week.programme_id
        WHERE place.number IS NULL OR place.number NOT BETWEEN week.first AND week.last
        """,
    ),
]
