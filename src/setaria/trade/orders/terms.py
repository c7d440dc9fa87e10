"""On what terms an item is sold: market, price, window, limit, location. Kept in memory, proven fresh by a version.

Reading the terms takes eight joined tables; that they have not changed takes one row. Triggers (migration 0002) raise
`orders_terms_version` in the very transaction that changes a price, a drop, a product or a market, so terms cached
under the version that the batch's own transaction reads are what that transaction would have read itself.
"""

from collections.abc import Iterable
from datetime import datetime
from threading import Lock

import msgspec

from setaria.kernel.arrays import int4s
from setaria.kernel.batches import Batch

PAYMENT_SECONDS = 900  # 15 minutes, unless the drop says otherwise (REQUIREMENTS.md, "Rush and pre-order")
OFFERS_MAX = 200_000

ItemKey = tuple[int, int, int]  # channel, drop (0 outside one), variant

VERSION = "SELECT number FROM orders_terms_version"

_OFFERS = f"""
    SELECT wanted.channel_id, wanted.drop_id, wanted.variant_id,
           market.id, variant.product_id, market.mode = 'sell', market.currency,
           coalesce(drops_drop.pool_id, inventory_source.location_id),
           drops_drop.opens_at, drops_drop.closes_at, coalesce(drops_drop.payment_seconds, {PAYMENT_SECONDS}),
           item.limit_per_customer, book.froms, book.untils, book.amounts
    FROM unnest(%(channels)s, %(drops)s, %(variants)s) AS wanted (channel_id, drop_id, variant_id)
    JOIN markets_channel AS channel ON channel.id = wanted.channel_id
    JOIN markets_market AS market ON market.id = channel.market_id
    JOIN catalog_variant AS variant ON variant.id = wanted.variant_id
    JOIN catalog_product AS product ON product.id = variant.product_id AND product.published
    LEFT JOIN inventory_source ON inventory_source.channel_id = wanted.channel_id
    LEFT JOIN drops_drop ON drops_drop.id = wanted.drop_id AND drops_drop.channel_id = wanted.channel_id
    LEFT JOIN drops_dropitem AS item ON item.drop_id = drops_drop.id AND item.variant_id = wanted.variant_id
    LEFT JOIN LATERAL (
        SELECT array_agg(lower(valid)) AS froms, array_agg(upper(valid)) AS untils, array_agg(amount) AS amounts
        FROM pricing_price AS price
        WHERE price.variant_id = wanted.variant_id AND price.market_id = market.id
    ) AS book ON true
    WHERE wanted.drop_id = 0 OR item.id IS NOT NULL
"""


class Offer(msgspec.Struct, frozen=True):
    """One variant as sold through one channel, within one drop or none, whatever the instant."""

    channel_id: int
    drop_id: int
    variant_id: int
    market_id: int
    product_id: int
    sells: bool
    currency: str
    location_id: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    payment_seconds: int
    limit: int | None
    prices_from: list[datetime | None] | None
    prices_until: list[datetime | None] | None
    amounts: list[int] | None

    def price_at(self, now: datetime) -> int | None:
        """Return the price (minor units) in the market's book at `now`, or None where there is none."""
        if self.amounts is None or self.prices_from is None or self.prices_until is None:
            return None
        for since, until, amount in zip(self.prices_from, self.prices_until, self.amounts, strict=True):
            if (since is None or since <= now) and (until is None or now < until):
                return amount
        return None


class OfferMemory:
    """The process's memory of offers; shared by its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version: int | None = None
        self._offers: dict[ItemKey, Offer | None] = {}

    def offers(self, batch: Batch, version: int | None, wanted: Iterable[ItemKey]) -> dict[ItemKey, Offer]:
        """Return the offers among `wanted` that exist, as of `version`, reading those that are not known yet.

        `version` was read by the batch before: what is read now is as new, or newer and then soon read again.
        """
        with self._lock:
            if version is None or version != self._version or len(self._offers) > OFFERS_MAX:
                self._offers = {}
                self._version = version
            known = self._offers
        missing = [key for key in wanted if key not in known]
        if missing:
            read = _read(batch, missing)
            # Written to the dictionary taken above: if another thread has begun a new version, this one is forgotten.
            known.update({key: read.get(key) for key in missing})
        return {key: offer for key in wanted if (offer := known.get(key)) is not None}


def _read(batch: Batch, keys: list[ItemKey]) -> dict[ItemKey, Offer]:
    rows = batch.query(
        _OFFERS,
        {
            "channels": int4s([channel for channel, _, _ in keys]),
            "drops": int4s([drop for _, drop, _ in keys]),
            "variants": int4s([variant for _, _, variant in keys]),
        },
    )
    return {(row[0], row[1], row[2]): Offer(*row) for row in rows}
