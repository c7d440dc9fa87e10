"""A waiting room's beginning: its seed is drawn, and bound by its hash, before anybody can join."""

import secrets
from hashlib import sha256

from setaria.trade.queues.models import Queue

OFFER_SECONDS = 300
SEED_BYTES = 32


def open_room(drop_id: int, *, offer_seconds: int = OFFER_SECONDS) -> Queue:
    """Give a drop its waiting room; whoever is let in has `offer_seconds` to order.

    Call it with the drop's making, in one transaction with it. Raises IntegrityError where there is one already.
    """
    seed = secrets.token_bytes(SEED_BYTES)
    return Queue.objects.create(
        drop_id=drop_id, seed=seed, seed_hash=sha256(seed).hexdigest(), offer_seconds=offer_seconds
    )
