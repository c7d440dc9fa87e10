"""The proof that the early ones were put in order by chance: published afterwards, checked by anybody.

The list holds pseudonyms; each member is told their own, so they find themselves and nobody else. Checking needs no
database and no trust in us: the seed has the hash that was public before, and seed and list give the order.
"""

from collections import Counter
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from django.db import connection

from setaria.trade.drops.models import Drop
from setaria.trade.queues.models import Queue
from setaria.trade.queues.rules import shuffled


class Proof(msgspec.Struct, frozen=True):
    """What is published. `early` are the pseudonyms of all who were in before the opening, from number 1 on."""

    drop: str
    opens_at: datetime
    numbered_at: datetime
    seed_hash: str
    seed: str
    early: list[UUID]


class TooEarly(Exception):
    """The early ones have no numbers yet, and the seed is secret."""


# A first number: who gave one up has a higher one now.
_EARLY = """
    SELECT pseudonym FROM (
        SELECT w.pseudonym, least(w.number, min(m.number)) AS number
        FROM queues_waiter AS w LEFT JOIN queues_missed AS m USING (drop_id, customer_id)
        WHERE w.drop_id = %s GROUP BY w.drop_id, w.customer_id, w.pseudonym, w.number
    ) AS place WHERE number <= %s ORDER BY number
"""


def publish(slug: str) -> Proof:
    """Make a drop's proof. Raises Drop.DoesNotExist, Queue.DoesNotExist, and TooEarly before the opening."""
    drop = Drop.objects.get(slug=slug)
    queue = Queue.objects.get(drop_id=drop.pk)
    if queue.numbered_at is None:
        raise TooEarly
    with connection.cursor() as cursor:
        cursor.execute(_EARLY, [drop.pk, queue.early])
        early = [row[0] for row in cursor.fetchall()]
    return Proof(drop.slug, drop.opens_at, queue.numbered_at, queue.seed_hash, bytes(queue.seed).hex(), early)


def read(text: bytes) -> Proof:
    """Read a published proof; raises msgspec.DecodeError for anything else."""
    return msgspec.json.decode(text, type=Proof)


def faults(proof: Proof) -> list[str]:
    """Check a proof; return what is wrong with it, in words. Nothing: the order is the seed's and the list's."""
    try:
        seed = bytes.fromhex(proof.seed)
    except ValueError:
        return ["The seed is not hexadecimal."]
    found = []
    if sha256(seed).hexdigest() != proof.seed_hash:
        found.append("The seed does not have the hash that stands beside it.")
    doubled = [str(each) for each, times in Counter(proof.early).items() if times > 1]
    if doubled:
        found.append(f"{len(doubled)} stand more than once in the list, first {doubled[0]}.")
    right = shuffled(seed, set(proof.early))
    wrong = next((n for n, (said, true) in enumerate(zip(proof.early, right, strict=False), 1) if said != true), None)
    if wrong is not None and not doubled:
        found.append(f"Number {wrong} should be {right[wrong - 1]}, not {proof.early[wrong - 1]}.")
    return found
