"""What must hold of campaigns."""

from setaria.kernel.invariants import Invariant

_CAMPAIGNS = "SELECT count(*) FROM campaigns_campaign"

INVARIANTS = [
    Invariant(
        "campaign_drops_lie_in_its_days",
        "Every drop of a campaign opens and closes within the campaign's days, in its market's own time.",
        _CAMPAIGNS,
        """
        SELECT c.slug, d.slug, d.opens_at, d.closes_at
        FROM campaigns_entry AS e
        JOIN campaigns_campaign AS c ON c.id = e.campaign_id
        JOIN drops_drop AS d ON d.id = e.drop_id
        JOIN markets_channel AS w ON w.id = d.channel_id
        JOIN markets_market AS m ON m.id = w.market_id
        WHERE d.opens_at < c.first_day::timestamp AT TIME ZONE m.time_zone
           OR d.closes_at > (c.last_day + 1)::timestamp AT TIME ZONE m.time_zone
        """,
    ),
    Invariant(
        "campaigns_are_approved_by_a_second_person",
        "Every campaign that is approved, open or over was approved by somebody who had not planned it; and only "
        "such campaigns have drops.",
        _CAMPAIGNS,
        """
        SELECT c.slug, c.status, p.by_id, a.by_id
        FROM campaigns_campaign AS c
        LEFT JOIN campaigns_step AS p ON p.campaign_id = c.id AND p.revision = c.revision AND p.status = 1
        LEFT JOIN campaigns_step AS a ON a.campaign_id = c.id AND a.revision = c.revision AND a.status = 4
        WHERE (c.status >= 4 OR EXISTS (SELECT 1 FROM campaigns_entry AS e WHERE e.campaign_id = c.id))
          AND (c.status < 4 OR a.by_id IS NULL OR a.by_id = p.by_id OR a.by_id IS DISTINCT FROM c.approved_by_id
               OR p.by_id IS DISTINCT FROM c.planned_by_id)
        """,
    ),
    Invariant(
        "campaign_steps_go_forward",
        "A campaign's status is its last step, and it took every step before that one, in order.",
        "SELECT count(*) FROM campaigns_step",
        """
        SELECT c.slug, c.revision, c.status, s.last, s.steps
        FROM campaigns_campaign AS c
        LEFT JOIN (
            SELECT campaign_id, revision, max(status) AS last, count(*) AS steps,
                   bool_and(before IS NULL OR at >= before) AS in_order
            FROM (SELECT *, lag(at) OVER (PARTITION BY campaign_id, revision ORDER BY status) AS before
                  FROM campaigns_step) AS steps
            GROUP BY campaign_id, revision
        ) AS s ON s.campaign_id = c.id AND s.revision = c.revision
        WHERE s.last IS DISTINCT FROM c.status OR s.steps <> c.status OR NOT s.in_order
        """,
    ),
    Invariant(
        "messages_are_approved_by_a_second_person",
        "No message was approved by who wrote it.",
        "SELECT count(*) FROM campaigns_message",
        "SELECT id, slug, version, written_by_id FROM campaigns_message WHERE approved_by_id = written_by_id",
    ),
]
