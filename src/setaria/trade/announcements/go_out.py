"""Filling the outbox with an announcement, a chunk of people at a time, in one statement each.

How far it is stands in the announcement's row, which is locked and moves on in the transaction that writes the messages: who
dies in the middle loses nothing and doubles nothing. Only so many wait at a time, so that an order's message never stands
behind a million others, and stopping stops.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q

from setaria.kernel.texts import LANGUAGES
from setaria.people.notices.kinds import Topic
from setaria.people.notices.models import Message
from setaria.trade.announcements.models import Announcement
from setaria.trade.orders.models import Status

CHUNK = 300  # people, to begin with
CHUNK_MAX = 5_000
KIND = {Topic.DROPS.value: "announcement_drops", Topic.OFFERS.value: "announcement_offers"}

# Whom it is meant for: a person's market is where they looked around last, else where they ordered last. An address that an
# account has proven is that account's, whoever typed it as a guest; and who refused as one is not asked as the other.
_PEOPLE = """
    SELECT member.id, own.language, coalesce(proven.email, guest.contact) AS contact, proven.email IS NULL AS unproven,
           CASE WHEN member.phone_verified THEN member.phone END AS phone
    FROM members_member AS member
    LEFT JOIN members_guest AS guest ON guest.member_id = member.id
    LEFT JOIN account_emailaddress AS proven ON proven.user_id = member.id AND proven.verified AND proven."primary"
    LEFT JOIN notices_reader AS reader ON reader.member_id = member.id
    LEFT JOIN LATERAL (
        SELECT market_id FROM orders_order WHERE customer_id = member.id ORDER BY placed_at DESC LIMIT 1
    ) AS bought ON true
    LEFT JOIN markets_market AS market ON market.id = coalesce(reader.market_id, bought.market_id)
    CROSS JOIN LATERAL (SELECT coalesce(reader.language, market.language, %(default)s) AS spoken) AS s
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.spoken = ANY (%(languages)s) THEN s.spoken ELSE %(default)s END AS language
    ) AS own
    WHERE member.id > %(reached)s AND member.erased_at IS NULL AND member.fan_points >= %(points_min)s
      AND CASE WHEN guest.member_id IS NULL THEN member.is_active ELSE %(guests)s AND EXISTS (
              SELECT 1 FROM orders_order AS paid WHERE paid.customer_id = member.id AND paid.status = %(paid)s)
          AND NOT EXISTS (SELECT 1 FROM account_emailaddress AS theirs
                          WHERE theirs.verified AND theirs.email = guest.contact) END
      AND (%(market_id)s::bigint IS NULL OR market.id = %(market_id)s)
      AND (%(language)s = '' OR own.language = %(language)s)
"""
_WAYS = """
    SELECT person.id, person.language, way.channel, way.recipient
    FROM person CROSS JOIN LATERAL (
        SELECT 'email' AS channel, person.contact AS recipient WHERE person.contact LIKE '%%@%%'
        UNION ALL SELECT 'sms', coalesce(person.phone, person.contact)
            WHERE person.unproven AND coalesce(person.contact, '') NOT LIKE '%%@%%'
              AND coalesce(person.phone, person.contact) IS NOT NULL
        UNION ALL SELECT 'push', device.id::text FROM notices_device AS device WHERE device.member_id = person.id
    ) AS way
    WHERE way.channel = ANY (%(channels)s)
      AND NOT EXISTS (SELECT 1 FROM notices_refusal AS no LEFT JOIN members_guest AS was ON was.member_id = no.member_id
                      WHERE no.topic = %(topic)s AND no.channel = way.channel
                        AND (no.member_id = person.id OR was.contact = way.recipient))
      AND NOT EXISTS (SELECT 1 FROM notices_bounce AS back
                      WHERE way.channel = 'email' AND back.address = lower(way.recipient) AND back.lifted_at IS NULL)
"""
_COUNT = f"""
    WITH person AS ({_PEOPLE}), way AS ({_WAYS})
    SELECT channel, count(DISTINCT id), count(DISTINCT recipient) FROM way GROUP BY channel
    UNION ALL SELECT '', count(DISTINCT id), 0 FROM way
"""
_FILL = f"""
    WITH person AS ({_PEOPLE} ORDER BY member.id LIMIT %(chunk)s), way AS ({_WAYS}), made AS (
        INSERT INTO notices_message (id, key, channel, recipient, member_id, language, template, payload, made_at, due_at,
                                     lapses_at, attempts, trouble)
        SELECT gen_random_uuid(), %(key)s, way.channel, way.recipient, way.id, way.language, %(kind)s, jsonb_build_object(
            'title', %(title)s::jsonb ->> way.language, 'text', %(text)s::jsonb ->> way.language,
            'path', %(path)s::text, 'brand', %(brand)s::text), %(now)s, %(now)s, %(lapses_at)s, 0, ''
        FROM way ORDER BY way.id
        ON CONFLICT DO NOTHING RETURNING 1)
    SELECT (SELECT count(*) FROM person), (SELECT max(id) FROM person), (SELECT count(*) FROM made)
"""


class Reach(msgspec.Struct, frozen=True):
    """How many people an announcement reaches as of now, and how many messages each way."""

    people: int
    ways: dict[str, int]


class Stand(msgspec.Struct, frozen=True):
    """How many of an announcement's messages wait, went out, and were given up."""

    waiting: int
    sent: int
    given_up: int


def reach(announcement: Announcement) -> Reach:
    """Count whom it would reach now; one query over all people."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {**_audience(announcement), "reached": 0})
        found = {channel: (people, messages) for channel, people, messages in cursor.fetchall()}
    people, _ = found.pop("", (0, 0))
    return Reach(people, {channel: messages for channel, (_, messages) in found.items()})


def stand(announcement: Announcement) -> Stand:
    """Return how it stands: from the outbox, or the final sums."""
    if announcement.closed_at is not None:
        return Stand(0, announcement.sent, announcement.given_up)
    return _stand(announcement.key)


def _stand(key: str) -> Stand:
    found = Message.objects.filter(key=key).aggregate(
        waiting=Count("pk", filter=Q(sent_at=None, given_up_at=None)), sent=Count("sent_at"),
        given_up=Count("given_up_at"),
    )  # fmt: skip
    return Stand(**found)


def go_out(now: datetime) -> int:
    """Move every announcement on that is under way; return how many messages were written. Several may do so at once."""
    under_way = Announcement.objects.filter(approved_at__isnull=False, closed_at=None, starts_at__lte=now)
    return sum(_move_on(key, now) for key in under_way.order_by("starts_at").values_list("pk", flat=True))


@transaction.atomic
def _move_on(announcement_id: UUID, now: datetime) -> int:
    found = _taken(announcement_id)
    if found is None or found.closed_at is not None:
        return 0
    if found.stopped_at is not None or found.filled_at is not None:
        _close(found, now)
        return 0
    if found.ends_at is not None and found.ends_at <= now:
        Announcement.objects.filter(pk=found.pk).update(filled_at=now)
        return 0
    return _fill(found, _chunk(found.key), now)


_paces: dict[str, int] = {}  # by announcement: how many people at a time


def _chunk(key: str) -> int:
    """Return how many people are next: nobody while more than half of a chunk still waits.

    The pace follows the slowest channel: twice as many where all went out since the last time, half as many where most
    still wait. So what waits is what goes out in a second or two, and an order's message never stands long behind it.
    """
    pace = _paces.get(key, CHUNK)
    waiting = Message.objects.filter(key=key, sent_at=None, given_up_at=None)[:pace].count()
    if waiting == 0 and key in _paces:
        pace = min(2 * pace, CHUNK_MAX)
    elif waiting > pace // 2:
        pace = max(pace // 2, CHUNK)
    _paces[key] = pace
    return 0 if waiting > pace // 2 else pace


def _taken(announcement_id: UUID) -> Announcement | None:
    """Take it; one that somebody else is moving on this instant is theirs."""
    return Announcement.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=announcement_id).first()


def _fill(found: Announcement, chunk: int, now: datetime) -> int:
    if not chunk:
        return 0
    values = {
        **_audience(found), "reached": found.reached, "chunk": chunk, "key": found.key, "kind": KIND[found.topic],
        "title": _json(found.title), "text": _json(found.text), "path": found.path, "brand": settings.BRAND, "now": now,
        "lapses_at": found.ends_at,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FILL, values)
        people, last, made = cursor.fetchone()
    Announcement.objects.filter(pk=found.pk).update(
        reached=last or found.reached, written=found.written + made, filled_at=now if people < chunk else None
    )
    return int(made)


def _close(found: Announcement, now: datetime) -> None:
    """Give up what still waits of one that was stopped; when nothing waits any more, keep the sums."""
    if found.stopped_at is not None:
        waiting = Message.objects.filter(key=found.key, sent_at=None, given_up_at=None)
        waiting.filter(Q(taken_until=None) | Q(taken_until__lte=now)).update(given_up_at=now, trouble="stopped")
    sums = _stand(found.key)
    if not sums.waiting:
        _paces.pop(found.key, None)
        # What was told so long ago that the outbox forgot it went out, or was given up, for all we know.
        forgotten = max(0, found.written - sums.sent - sums.given_up)
        Announcement.objects.filter(pk=found.pk).update(
            closed_at=now, sent=sums.sent + forgotten, given_up=sums.given_up
        )


def _audience(found: Announcement) -> dict[str, Any]:
    return {
        "default": settings.LANGUAGE_CODE, "languages": list(LANGUAGES), "points_min": found.points_min,
        "guests": found.guests, "paid": Status.PAID.value, "market_id": found.market_id, "language": found.language,
        "channels": list(found.channels), "topic": found.topic,
    }  # fmt: skip


def _json(texts: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(texts)).decode()
