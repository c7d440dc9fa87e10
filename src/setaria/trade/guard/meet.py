"""Does somebody who asks for a pass get on? Yes, not before some work, not now, or not at all; and why."""

import hmac
import time
from collections.abc import Mapping
from datetime import datetime
from math import ceil
from random import randrange
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction

from setaria.kernel.origin import origin_of
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop
from setaria.trade.guard import pressure, work
from setaria.trade.guard.address import Origin, marks
from setaria.trade.guard.models import Pardon, Policy
from setaria.trade.guard.rules import Measure, read, tries_under, verdict

SLOTS = 8
MINUTE_SECONDS = 60

# Everything is counted before it is decided, by adding to the row itself: however many come at once, each sees
# another number. In key order, so that two never wait for each other.
_COUNT = """
    WITH fresh AS (
        INSERT INTO guard_seen (drop_id, measure, subject, other)
        SELECT %(drop)s, * FROM unnest(%(pair_measures)s::smallint[], %(pair_subjects)s::bigint[], %(pair_others)s::bigint[])
        ORDER BY 2, 3, 4 ON CONFLICT DO NOTHING RETURNING measure, subject
    ), counted AS (
        INSERT INTO guard_count AS c (drop_id, measure, subject, minute, number)
        SELECT %(drop)s, measure, subject, minute, 1 FROM (
            SELECT * FROM unnest(%(measures)s::smallint[], %(subjects)s::bigint[], %(minutes)s::int[])
                AS given (measure, subject, minute)
            UNION ALL SELECT measure, subject, 0 FROM fresh
        ) AS each ORDER BY measure, subject, minute
        ON CONFLICT (drop_id, measure, subject, minute) DO UPDATE SET number = c.number + 1
        RETURNING measure, number
    )
    SELECT measure, number FROM counted
    UNION ALL
    SELECT c.measure, c.number FROM guard_count AS c
    JOIN unnest(%(pair_measures)s::smallint[], %(pair_subjects)s::bigint[]) AS p (measure, subject)
        ON c.measure = p.measure AND c.subject = p.subject
    WHERE c.drop_id = %(drop)s AND c.minute = 0
"""
_SPEND = "INSERT INTO guard_spent (id, drop_id, expires_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_TALLY = """
    INSERT INTO guard_tally AS t (drop_id, outcome, rule, slot, number) VALUES (%s, %s, %s, %s, 1)
    ON CONFLICT (drop_id, outcome, rule, slot) DO UPDATE SET number = t.number + 1
"""


class Work(msgspec.Struct, frozen=True):
    """First this must be solved; `hard` where a rule asks for more, and then `rule` is its name."""

    challenge: dict[str, object]
    hard: bool
    rule: str
    code: str = "WORK_NEEDED"


class TurnedAway(msgspec.Struct, frozen=True):
    """Not now (`GUARD_WAIT`, `GUARD_LATER`: ask again after so many seconds) or not at all (`GUARD_REFUSED`); the rule."""

    code: str
    rule: str
    retry_seconds: int = 0


def origin(request_meta: Mapping[str, str], drop_id: int) -> Origin | None:
    """Return the marks of where a request to Django comes from."""
    peer, forwarded = request_meta.get("REMOTE_ADDR", ""), request_meta.get("HTTP_X_FORWARDED_FOR", "")
    key = hmac.digest(settings.SECRET_KEY.encode(), b"setaria.guard.address", "sha256")
    return marks(key, drop_id, origin_of(peer, forwarded, settings.TRUSTED_PROXIES))


def meet(
    policy: Policy, member: Member, where: Origin | None, proof: str, *, now: datetime
) -> Work | TurnedAway | None:
    """Decide on one asking; None lets it on. Notes it, takes the proof if it is good, and counts what came of it."""
    felt = pressure.felt(policy.drop_id, time.monotonic())
    # What is lost when the machine dies in this instant is a count, not an order; and nobody waits for the disk.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        counts = _count(policy.drop_id, member, where, now)
        pardoned = Pardon.objects.filter(drop_id=policy.drop_id, customer_id=member.pk).exists()
        rule = verdict(read(policy.rules), counts, pardoned=pardoned)
    found = _decide(policy, member, rule.then if rule else "", rule.name if rule else "", proof, felt, now)
    return found


def _decide(
    policy: Policy, member: Member, then: str, rule: str, proof: str, felt: float, now: datetime
) -> Work | TurnedAway | None:
    drop_id = policy.drop_id
    if then == "refuse":
        _note(drop_id, "refused", rule)
        return TurnedAway("GUARD_REFUSED", rule)
    if then == "wait":
        _note(drop_id, "wait", rule)
        return TurnedAway("GUARD_WAIT", rule, MINUTE_SECONDS - int(now.timestamp()) % MINUTE_SECONDS)
    if then == "later" and (seconds := _until_later(policy, now)):
        _note(drop_id, "later", rule)
        return TurnedAway("GUARD_LATER", rule, seconds)
    hard = then in ("harder", "later")
    if not policy.tries_min and not hard:
        _note(drop_id, "passed", "")
        return None
    keys = work.keys_from(settings.SECRET_KEY)
    reason = "work"
    if proof:
        reason = _taken(keys, proof, drop_id, member.pk, hard, now)
        if not reason:
            _note(drop_id, "passed", rule)
            return None
    tries = policy.tries_hard if hard else tries_under(
        felt, policy.calm_per_second, policy.full_per_second, policy.tries_min, policy.tries_max
    )  # fmt: skip
    _note(drop_id, reason, rule)
    return Work(work.challenge(keys, drop_id, member.pk, tries, hard, now), hard, rule)


def _until_later(policy: Policy, now: datetime) -> int:
    """Seconds, rounded up, until those come in who come later; 0 where that is now, or where coming first is no gain."""
    if policy.drop.admission != Drop.Admission.OPEN:
        return 0
    return max(0, ceil((policy.drop.opens_at - now).total_seconds() + policy.later_seconds))


def _taken(keys: tuple[bytes, bytes], token: str, drop_id: int, customer_id: int, hard: bool, now: datetime) -> str:
    """Take a proof; the empty text if it is good and new, else why not."""
    try:
        proof = work.check(keys, token, drop_id, customer_id, now)
    except work.BadProof:
        return "bad proof"
    if hard and not proof.hard:
        return "work"
    return "" if spend(proof.id, drop_id, proof.expires_at) else "used proof"


def spend(id: UUID, drop_id: int, expires_at: datetime) -> bool:
    """Use a challenge; False if it was used before, by whichever process."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_SPEND, [id, drop_id, expires_at])
        return cursor.rowcount == 1


def _count(drop_id: int, member: Member, where: Origin | None, now: datetime) -> dict[Measure, int]:
    """Note an asking, and return every measure as it is with it."""
    minute = int(now.timestamp()) // MINUTE_SECONDS
    single = [(Measure.ASKS_OF_ACCOUNT, member.pk, minute), (Measure.PASSES_OF_ACCOUNT, member.pk, 0)]
    pairs: list[tuple[Measure, int, int]] = []
    if where is not None:
        single += [(Measure.ASKS_OF_ADDRESS, where.address, minute), (Measure.ASKS_OF_NETWORK, where.network, minute)]
        pairs = [
            (Measure.ACCOUNTS_OF_ADDRESS, where.address, member.pk),
            (Measure.ACCOUNTS_OF_NETWORK, where.network, member.pk),
            (Measure.ADDRESSES_OF_ACCOUNT, member.pk, where.address),
        ]
    values: dict[str, int | list[int]] = {
        "drop": drop_id,
        "measures": [int(m) for m, _, _ in single], "subjects": [s for _, s, _ in single],
        "minutes": [at for _, _, at in single],
        "pair_measures": [int(m) for m, _, _ in pairs], "pair_subjects": [s for _, s, _ in pairs],
        "pair_others": [other for _, _, other in pairs],
    }  # fmt: skip
    counts: dict[Measure, int] = {Measure.ACCOUNT_AGE_SECONDS: int((now - member.joined_at).total_seconds())}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        for measure, number in cursor.fetchall():
            counts[Measure(measure)] = max(number, counts.get(Measure(measure), 0))
    return counts


def _note(drop_id: int, outcome: str, rule: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_TALLY, [drop_id, outcome, rule, randrange(SLOTS)])
