"""Setting prices: the one verb that writes the price book."""

from datetime import datetime, timedelta

from django.db import transaction

from setaria.goods.catalog.models import Variant
from setaria.goods.pricing.models import Price

# A change of price must be committed before it begins, so that every order is decided by the book as it stands at its
# instant. So long ahead "at once" lies.
LEAD = timedelta(seconds=1)


class TooSoon(ValueError):
    """The new price would begin before it can be committed, while another price holds."""


@transaction.atomic
def set_price(
    variant_id: int, market_id: int, amount: int, *, since: datetime, now: datetime, until: datetime | None = None
) -> Price:
    """Let a variant cost `amount` (minor units) in a market from `since` to `until`, or from then on.

    What the book says for that time is cut out and replaced; a price that is interrupted comes back afterwards. Where
    another price holds, `since` must lie at least `LEAD` ahead of `now`: raises TooSoon, and nothing is changed. Two
    that set prices of one variant at once take turns; where they overlap the later one stands.
    """
    Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    overlapping = list(
        Price.objects.select_for_update().filter(
            variant_id=variant_id, market_id=market_id, valid__overlap=(since, until)
        )
    )
    if overlapping and since < now + LEAD:
        raise TooSoon(f"Another price holds until then; let this one begin at {now + LEAD:%H:%M:%S.%f} or later.")
    for old in overlapping:
        _cut(old, since, until)
    return Price.objects.create(variant_id=variant_id, market_id=market_id, amount=amount, valid=(since, until))


def take_back(variant_id: int, market_id: int, amount: int, *, since: datetime, until: datetime, now: datetime) -> int:
    """Take a price back that has not begun, where it still stands between `since` and `until`; return how many rows.

    What it interrupted holds instead. Another price that was set there since then stays. Raises TooSoon, and changes
    nothing, where it begins within `LEAD`: an order may be decided by it already.
    """
    Variant.objects.select_for_update(no_key=True).get(pk=variant_id)
    standing = Price.objects.select_for_update().filter(
        variant_id=variant_id, market_id=market_id, amount=amount, valid__contained_by=(since, until)
    )
    taken = list(standing)
    for price in taken:
        begins, ends = price.valid.lower, price.valid.upper
        if begins < now + LEAD:
            raise TooSoon(f"It begins at {begins:%H:%M:%S.%f}; it cannot be taken back any more.")
        before = Price.objects.filter(variant_id=variant_id, market_id=market_id, valid__endswith=begins).first()
        price.delete()
        if before is not None:
            Price.objects.create(variant_id=variant_id, market_id=market_id, amount=before.amount, valid=(begins, ends))
    return len(taken)


def _cut(old: Price, since: datetime, until: datetime | None) -> None:
    begins, ends = old.valid.lower, old.valid.upper
    comes_back = until is not None and (ends is None or ends > until)
    if begins is not None and begins >= since:
        old.delete()
    else:
        old.valid = (begins, since)
        old.save(update_fields=["valid"])
    if comes_back:
        Price.objects.create(variant_id=old.variant_id, market_id=old.market_id, amount=old.amount, valid=(until, ends))
