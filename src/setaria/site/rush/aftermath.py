"""After the crowd has gone: wait until every order has come to something, then reckon up and audit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from django.db import DatabaseError, connection

from setaria.kernel.clock import now
from setaria.kernel.invariants import Finding, check_all
from setaria.sight.wall.event import current, named
from setaria.sight.wall.figures import Figures, Reader
from setaria.site.rush import history
from setaria.site.rush.notes import Evidence
from setaria.site.rush.reckoning import Statement, Supply, Wanted, reckon
from setaria.site.rush.report import Passed, Queue, Report, latency, mean_and_peak
from setaria.site.rush.scenario import Scenario
from setaria.site.rush.stage import Stage

SETTLING_SECONDS_MAX = 60.0

Judge = Callable[[Scenario, Stage, Evidence], list[Statement]]

# Orders that wait for their time to run out, and money that must go back and has not gone.
_UNSETTLED = """
    SELECT (SELECT count(*) FROM orders_order WHERE drop_id = %(drop)s AND status = 1)
         + (SELECT count(*) FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
            LEFT JOIN payments_refund AS r ON r.payment_id = s.payment_id
            WHERE o.drop_id = %(drop)s AND s.outcome <> 1 AND r.sent_at IS NULL)
"""
_TOTALS = """
    SELECT count(*), count(*) FILTER (WHERE status = 2), count(*) FILTER (WHERE status = 3),
           coalesce(sum(total) FILTER (WHERE status = 2), 0)::bigint, coalesce(sum(total), 0)::bigint
    FROM orders_order WHERE drop_id = %s
"""
# Whatever makes units free in a pool after the opening.
_RETURNS = """
    SELECT variant_id, on_hand_change - held_change, at FROM inventory_movement
    WHERE location_id = (SELECT pool_id FROM drops_drop WHERE id = %s) AND at > %s AND on_hand_change - held_change > 0
"""
_REFUNDS = """
    SELECT count(*) FROM payments_refund AS r JOIN orders_order AS o ON o.id = r.order_id
    WHERE o.drop_id = %s AND r.sent_at IS NOT NULL
"""


def await_settled(stage: Stage, scenario: Scenario) -> None:
    """Wait until nothing of the drop is under way any more, or much longer than that should take."""
    deadline = time.monotonic() + scenario.payment_seconds + SETTLING_SECONDS_MAX
    connection.close()
    while time.monotonic() < deadline:
        try:
            if _one(_UNSETTLED, {"drop": stage.drop_id})[0] == 0:
                return
        except DatabaseError:  # it was killed, and is coming back
            connection.close()
        time.sleep(0.25)


def reckon_up(
    name: str,
    scenario: Scenario,
    seed: int,
    stage: Stage,
    evidence: Evidence,
    kills: list[tuple[float, str]],
    seconds: dict[str, float],
    *,
    judge: Judge | None = None,
    queue: Queue | None = None,
) -> tuple[Report, list[Statement], list[Finding]]:
    """Compare notes with the database, run the audit, and put everything into a report.

    `judge` holds the notes against the database where it is not orders that people came for; `queue` is what it was.
    """
    statements = (judge or judge_orders)(scenario, stage, evidence)
    if evidence.mixed_up:
        statements.append(Statement("mixed_up", "an answer about somebody else's order", evidence.mixed_up, []))
    findings = list(check_all())
    event = named(stage.market, stage.slug) or current(stage.market, now())
    assert event is not None, "the stage has a market"
    figures = Reader(event).read(now())
    placed, paid, expired, paid_amount, placed_amount = _one(_TOTALS, [stage.drop_id])
    mean, peak = mean_and_peak(evidence.placed_in_second)
    passed = [Passed(m.amount, m.seconds, m.reference_seconds) for m in figures.milestones if m.seconds is not None]
    report = Report(
        scenario=name,
        title=scenario.title,
        source=scenario.source,
        seed=seed,
        scale=scenario.scale,
        shoppers=scenario.shoppers,
        connections=scenario.connections,
        placed=placed,
        paid=paid,
        expired=expired,
        paid_amount=paid_amount,
        refused_answers=dict(evidence.refused),
        wishes_by_last_answer=dict(evidence.settled),
        bank_answers=dict(evidence.bank_told),
        refunds=_one(_REFUNDS, [stage.drop_id])[0],
        orders_per_second_mean=mean,
        orders_per_second_peak=peak,
        placing_ms=latency(evidence.placing_ms),
        refusing_ms=latency(evidence.refusing_ms),
        requests=evidence.requests,
        client_cpu_us_per_request=round(evidence.cpu_seconds / max(1, evidence.requests) * 1e6, 1),
        cut_connections=evidence.cut_connections,
        lost_connections=evidence.lost_connections,
        kills=kills,
        passed=passed,
        milestone=scenario.milestone,
        milestone_seconds=next((p.seconds for p in passed if p.amount == scenario.milestone), None),
        milestone_documented_seconds=scenario.milestone_seconds,
        wall_is_right=_wall(figures) == (placed, placed_amount, paid, paid_amount),
        reckoning={statement.name: statement.count for statement in statements},
        audit_invariants=len(findings),
        audit_rows=sum(finding.rows for finding in findings),
        audit_broken=[finding.name for finding in findings if not finding.holds],
        seconds=dict(seconds),
        queue=queue,
    )
    return report, statements, findings


def judge_orders(scenario: Scenario, stage: Stage, evidence: Evidence) -> list[Statement]:
    """Hold the notes of a crowd that came for orders against the orders."""
    statements = reckon(stage.drop_id, *notes(scenario, stage, evidence))
    return statements + history.check(evidence.attempts, *_fates_and_returns(stage, evidence))


def notes(
    scenario: Scenario, stage: Stage, evidence: Evidence
) -> tuple[list[Supply], list[Wanted], list[tuple[bytes, int, str]], list[tuple[bytes, bytes, int]]]:
    """Return the notes in the database's terms, as `reckon` takes them."""
    supplies = [Supply(v, item.units, item.limit) for v, item in zip(stage.variant_ids, scenario.items, strict=True)]
    wishes = [
        (order, stage.customer_ids[c], [stage.variant_ids[i] for i in items]) for order, c, items in evidence.wishes
    ]
    return supplies, wishes, evidence.acks, evidence.bank


def _fates_and_returns(
    stage: Stage, evidence: Evidence
) -> tuple[dict[int, history.Fate], dict[int, list[tuple[float, int]]]]:
    """Read which wishes became orders, and when units came (back) into the drop's pool."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM orders_order WHERE drop_id = %s", [stage.drop_id])
        orders = {row[0].bytes for row in cursor.fetchall()}
        cursor.execute(_RETURNS, [stage.drop_id, stage.opens_at])
        rows = cursor.fetchall()
    returns: dict[int, list[tuple[float, int]]] = {}
    for variant, units, at in rows:
        returns.setdefault(stage.variant_ids.index(variant), []).append(
            ((at - stage.opens_at).total_seconds(), int(units))
        )
    fates = {n: history.Fate(items, order in orders) for n, (order, _, items) in enumerate(evidence.wishes)}
    return fates, returns


def _wall(figures: Figures) -> tuple[int, int, int, int]:
    return figures.placed_orders, figures.placed_amount, figures.paid_orders, figures.paid_amount


def _one(sql: str, params: Sequence[int] | Mapping[str, int]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[int, ...] = cursor.fetchone()
        return row
