"""What must hold of what fans are told."""

from setaria.kernel.invariants import Invariant

_KEYED = (
    "SELECT message.*, split_part(key, ':', 2)::uuid AS announcement_id FROM notices_message AS message"
    " WHERE template LIKE 'announcement\\_%'"
)

INVARIANTS = [
    Invariant(
        "announcements_are_approved",
        "Nothing is announced that a second person has not approved, nor before its time.",
        "SELECT count(*) FROM announcements_announcement",
        f"""
        SELECT told.announcement_id FROM ({_KEYED}) AS told
        WHERE NOT EXISTS (
            SELECT 1 FROM announcements_announcement AS a WHERE a.id = told.announcement_id
            AND a.approved_by_id <> a.written_by_id AND a.approved_at <= told.made_at AND a.starts_at <= told.made_at)
        GROUP BY told.announcement_id
        """,
    ),
    Invariant(
        "announced_once",
        "Nobody is told the same announcement twice by mail or by text.",
        "SELECT count(*) FROM notices_message WHERE template LIKE 'announcement\\_%'",
        f"""
        SELECT told.announcement_id, told.member_id, told.channel FROM ({_KEYED}) AS told
        WHERE told.channel <> 'push' GROUP BY 1, 2, 3 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "announcements_are_their_messages",
        "An announcement under way has as many messages in the outbox as it says.",
        "SELECT count(*) FROM announcements_announcement WHERE closed_at IS NULL",
        f"""
        SELECT a.id, a.written, count(told.id) FROM announcements_announcement AS a
        LEFT JOIN ({_KEYED}) AS told ON told.announcement_id = a.id
        WHERE a.closed_at IS NULL AND a.starts_at > now() - interval '20 days'
        GROUP BY a.id HAVING a.written <> count(told.id)
        """,
    ),
]
