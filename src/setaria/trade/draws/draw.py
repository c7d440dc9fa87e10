"""The draw itself, in two guarded steps: `seal` closes the list of entries, `draw` ranks it. Each happens once.

Where a public value (a witness) was announced, it is told between the two, when the list can no longer change.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from django.conf import settings
from django.db import connection, transaction

from setaria.trade.draws import offer
from setaria.trade.draws.models import Draw
from setaria.trade.draws.rules import seed_from
from setaria.trade.draws.verify import digest, key_of

WITNESS_CHARS_MAX = 200

# Waits until those who are entering are done; who comes second waits as well, and then finds nothing left to do.
_LOCK = """
    SELECT drop_id FROM draws_draw WHERE drop_id = %(draw)s AND sealed_at IS NULL AND closes_at <= %(now)s
    FOR NO KEY UPDATE
"""
_SEAL = """
    UPDATE draws_draw SET sealed_at = %(now)s, entries_sha256 = %(sha256)s, entries_count = %(count)s
    WHERE drop_id = %(draw)s AND sealed_at IS NULL
"""
_LIST = """
    SELECT entry.pseudonym || ' ' || variant.sku
    FROM draws_entry AS entry JOIN catalog_variant AS variant ON variant.id = entry.variant_id
    WHERE entry.draw_id = %s ORDER BY (entry.pseudonym || ' ' || variant.sku) COLLATE "C"
"""
_WITNESS = """
    UPDATE draws_draw SET witness = %(value)s
    WHERE drop_id = %(draw)s AND witness = '' AND witness_source <> '' AND sealed_at IS NOT NULL
"""
# The guard is also the lock.
_DRAW = """
    UPDATE draws_draw SET drawn_at = %(now)s, seed = %(seed)s
    WHERE drop_id = %(draw)s AND drawn_at IS NULL AND sealed_at IS NOT NULL AND (witness_source = '' OR witness <> '')
    RETURNING entries_sha256, witness
"""
# Steps 3 and 4 of the rule (`verify.py`), for all entries in one statement.
_RANK = """
    UPDATE draws_entry AS entry SET rank = ranked.rank
    FROM (
        SELECT customer_id, row_number() OVER (
            PARTITION BY variant_id ORDER BY sha256(convert_to(%(key)s || ' ' || pseudonym, 'UTF8'))
        ) AS rank
        FROM draws_entry WHERE draw_id = %(draw)s
    ) AS ranked
    WHERE entry.draw_id = %(draw)s AND entry.customer_id = ranked.customer_id
"""


class WrongSeed(Exception):
    """The secret is not the one this draw was announced under: put the old one back, or the promise cannot be kept."""


class Told(StrEnum):
    """What became of a witness's value."""

    TOLD = "TOLD"  # now, or the same value before
    TOO_EARLY = "TOO_EARLY"  # the list of entries is not sealed yet
    NOT_ANNOUNCED = "NOT_ANNOUNCED"  # this draw has no witness
    TOLD_OTHERWISE = "TOLD_OTHERWISE"  # another value was told before; it stays
    MALFORMED = "MALFORMED"  # empty, too long, or more than one line


def seal(draw_id: int, *, now: datetime) -> bool:
    """Close the list of entries and write down its hash; False when it is too early or was done before."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_LOCK, {"draw": draw_id, "now": now})
        if cursor.fetchone() is None:
            return False
        hashed, count = sha256(), 0
        for block in lines(draw_id):
            hashed.update(block)
            count += block.count(b"\n")
        cursor.execute(_SEAL, {"draw": draw_id, "now": now, "sha256": hashed.hexdigest(), "count": count})
        return bool(cursor.rowcount)


def lines(draw_id: int) -> Iterator[bytes]:
    """Give the list of entries as the rule hashes it, in blocks: the database writes the lines, however many."""
    with connection.cursor() as cursor, cursor.copy(f"COPY ({_LIST}) TO STDOUT", [draw_id]) as copy:
        for block in copy:
            yield bytes(block)


def witness(draw: Draw, value: str) -> Told:
    """Tell the public value that the draw waits for. The first one told stays."""
    value = value.strip()
    if not value or len(value) > WITNESS_CHARS_MAX or not value.isprintable():
        return Told.MALFORMED
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_WITNESS, {"draw": draw.pk, "value": value})
        if cursor.rowcount:
            return Told.TOLD
    draw.refresh_from_db()
    if not draw.witness_source:
        return Told.NOT_ANNOUNCED
    if draw.sealed_at is None:
        return Told.TOO_EARLY
    return Told.TOLD if draw.witness == value else Told.TOLD_OTHERWISE


def draw(draw_id: int, *, now: datetime) -> bool:
    """Rank all entries by the rule and offer the places to the first; False when it is too early or was done before.

    Reveals the seed. Raises WrongSeed when the installation's secret has changed since the draw was announced.
    """
    found = Draw.objects.get(pk=draw_id)
    seed = seed_from(settings.SECRET_KEY, found.nonce)
    if digest(seed) != found.seed_sha256:
        raise WrongSeed
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_DRAW, {"draw": draw_id, "now": now, "seed": seed})
        row = cursor.fetchone()
        if row is None:
            return False
        cursor.execute(_RANK, {"draw": draw_id, "key": key_of(seed, *row)})
        offer.offer_places(draw_id, now)
    return True
