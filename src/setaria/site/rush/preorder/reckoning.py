"""What must be 0 after a pre-order: the crowd's own notes against places and orders. Acknowledgements hold numbers."""

from __future__ import annotations

from django.db import connection

from setaria.site.rush import history
from setaria.site.rush.aftermath import notes
from setaria.site.rush.notes import Evidence
from setaria.site.rush.reckoning import STATEMENTS, Statement, Supply, reckon
from setaria.site.rush.report import Queue
from setaria.site.rush.scenario import Preorder, Scenario
from setaria.site.rush.stage import Stage

_PROGRAMME = "(SELECT id FROM preorders_programme WHERE drop_id = %(drop)s)"

# What is asked of orders is the same as in any rush, but nobody was told of an order: they were told of a place.
_OF_ORDERS = ("phantom", "oversold", "over_limit", "lost_money", "doubled_money", "unsettled")
_OF_PLACES: dict[str, tuple[str, str]] = {
    "lost": (
        "a place that was acknowledged and is not there, or has another number",
        """
        SELECT a.order_id, a.total, place.number FROM rush_ack AS a LEFT JOIN preorders_place AS place
            ON place.id = a.order_id
        WHERE place.number IS DISTINCT FROM a.total
        """,
    ),
    "doubled": (
        "one wish answered in two ways, a number given to two, or a place or order that is somebody else's",
        """
        SELECT order_id, 'two answers' FROM rush_ack GROUP BY order_id HAVING count(*) > 1
        UNION ALL
        SELECT min(order_id::text)::uuid, 'one number' FROM rush_ack GROUP BY total HAVING count(DISTINCT order_id) > 1
        UNION ALL
        SELECT w.order_id, 'other holder' FROM rush_wish AS w JOIN preorders_place AS place ON place.id = w.order_id
        LEFT JOIN orders_order AS o ON o.id = w.order_id
        WHERE place.customer_id <> w.customer_id OR o.customer_id <> w.customer_id
        """,
    ),
    "phantom_places": (
        "a place that nobody asked for",
        f"""
        SELECT id, number FROM preorders_place AS place WHERE programme_id = {_PROGRAMME}
            AND NOT EXISTS (SELECT 1 FROM rush_wish AS w WHERE w.order_id = place.id)
        """,
    ),
    "beyond_promise": (
        "more places than units promised, or than their highest number",
        f"""
        SELECT count(*), max(number), %(promised)s::bigint FROM preorders_place
        WHERE programme_id = {_PROGRAMME} HAVING count(*) > %(promised)s OR count(*) <> max(number)
        """,
    ),
    "places_over_limit": (
        "a customer with more places than one may have",
        f"""
        SELECT customer_id, count(*) FROM preorders_place WHERE programme_id = {_PROGRAMME}
        GROUP BY customer_id HAVING count(*) > (SELECT max(units_each) FROM rush_supply)
        """,
    ),
    "out_of_turn": (
        "a place without an order, while one with a higher number has one",
        f"""
        SELECT place.id, number FROM preorders_place AS place
        WHERE programme_id = {_PROGRAMME} AND NOT EXISTS (SELECT 1 FROM orders_order WHERE id = place.id)
          AND number < (SELECT max(number) FROM preorders_place JOIN orders_order ON orders_order.id = preorders_place.id
                        WHERE programme_id = {_PROGRAMME})
        """,
    ),
    "kept_from_the_next": (
        "a unit that lies free while somebody waits for it",
        f"""
        SELECT a.variant_id, a.on_hand - a.held FROM inventory_account AS a
        JOIN drops_drop AS d ON d.pool_id = a.location_id
        WHERE d.id = %(drop)s AND a.on_hand > a.held
          AND EXISTS (SELECT 1 FROM preorders_place WHERE programme_id = {_PROGRAMME} AND state IN (2, 3))
        """,
    ),
}
_TOTALS = f"""
    SELECT count(*), count(*) FILTER (WHERE state = 4), count(*) FILTER (WHERE state = 2),
           (SELECT count(*) FROM orders_order WHERE drop_id = %(drop)s AND status = 3)
    FROM preorders_place WHERE programme_id = {_PROGRAMME}
"""


def judge_places(scenario: Scenario, stage: Stage, evidence: Evidence) -> list[Statement]:
    """Hold the notes of a crowd that came for places against places and orders."""
    assert isinstance(scenario, Preorder)
    (item,) = scenario.items
    # What may be sold is what arrived, which is less than what was promised.
    supply = [Supply(stage.variant_ids[0], sum(scenario.arrivals), item.limit)]
    of_places = {name: (says, sql.replace("%(promised)s", str(item.units))) for name, (says, sql) in _OF_PLACES.items()}
    statements = of_places | {name: STATEMENTS[name] for name in _OF_ORDERS}
    found = reckon(stage.drop_id, supply, *notes(scenario, stage, evidence)[1:], statements)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM preorders_place WHERE programme_id = {_PROGRAMME}", {"drop": stage.drop_id})
        places = {row[0].bytes for row in cursor.fetchall()}
    fates = {n: history.Fate(items, id in places) for n, (id, _, items) in enumerate(evidence.wishes)}
    return found + [one for one in history.check(evidence.attempts, fates, {}) if one.name != "overtaken"]


def queue_of(stage: Stage, promised: int, supplies: list[int]) -> Queue:
    """Sum up what the places came to."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"drop": stage.drop_id})
        taken, orders, waiting, lapsed = cursor.fetchone()
    return Queue(promised=promised, taken=taken, supplies=supplies, orders=orders, passed_on=lapsed, waiting=waiting)
