"""Buyers are told what became of their orders: once for each happening and channel, at an address that is theirs.

By mail, to who has a proven address, or the address they typed when they ordered without an account; by text to who gave
only a number, and then only what they need; and on the devices they let us push to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from setaria.goods.catalog.models import Variant
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.kernel.texts import LANGUAGES, text_in
from setaria.people.notices.devices import devices_of
from setaria.people.notices.write import Note, write
from setaria.trade.news.follow import TAKE_MAX, follow
from setaria.trade.news.happenings import FOUND, Happening
from setaria.trade.orders.models import Line, Status

THINGS_MAX = 5  # named in a message
FOLLOWER = "messages"


# Says where an order's page is, of its number, its channel and the guest whose order it is, if one's: `path`, `base_url`
# and the store's name, `brand`.
PageOf = Callable[[UUID, int, int | None, datetime], dict[str, Any]]


class Told(msgspec.Struct, frozen=True):
    """What is told of a happening: which message, only while the order is so, whether it is stale once its time is over,
    and whether who has only a number gets it as a text.
    """

    message: str
    still: Status | None = None
    lapses: bool = False
    by_text: bool = False


TOLD: dict[Happening, Told] = {
    Happening.PLACED: Told("order_placed", still=Status.PLACED, lapses=True, by_text=True),
    Happening.REMINDER: Told("order_reminder", still=Status.PLACED, lapses=True),
    Happening.PROMISED: Told("order_promised"),
    Happening.PAID: Told("order_paid"),
    Happening.EXPIRED: Told("order_expired", still=Status.EXPIRED),
    Happening.CANCELLED: Told("order_cancelled"),
    Happening.REFUNDED: Told("order_refunded", by_text=True),
}

# Who cannot be reached costs nothing: no row, no message.
_NEWS = """
    WITH happened AS ({happened})
    SELECT h.source_id, h.order_id, h.amount, o.total, o.currency, o.pay_by, o.customer_id, o.channel_id,
           guest.member_id IS NOT NULL, coalesce(proven.email, guest.contact),
           CASE WHEN member.phone_verified THEN member.phone END, coalesce(reader.language, market.language),
           market.time_zone
    FROM happened AS h
    JOIN orders_order AS o ON o.id = h.order_id
    JOIN markets_market AS market ON market.id = o.market_id
    JOIN members_member AS member ON member.id = o.customer_id
    LEFT JOIN account_emailaddress AS proven ON proven.user_id = o.customer_id AND proven.verified AND proven."primary"
    LEFT JOIN members_guest AS guest ON guest.member_id = o.customer_id
    LEFT JOIN notices_reader AS reader ON reader.member_id = o.customer_id
    WHERE %(still)s IN (0, o.status)
      AND (proven.email IS NOT NULL OR guest.contact IS NOT NULL OR (member.phone_verified AND %(by_text)s = 1)
           OR EXISTS (SELECT 1 FROM notices_device AS device WHERE device.member_id = o.customer_id))
      AND NOT EXISTS (SELECT 1 FROM notices_message AS known WHERE known.key = %(prefix)s::text || h.source_id::text)
    ORDER BY h.at, h.source_id LIMIT %(limit)s
"""


class _News(msgspec.Struct, frozen=True):
    """One happening, with whom to tell how."""

    source_id: UUID
    order_id: UUID
    amount: int | None
    total: int
    currency: str
    pay_by: datetime
    customer_id: int
    channel_id: int
    is_guest: bool
    contact: str | None
    phone: str | None
    language: str
    time_zone: str


def tell(page_of: PageOf, *, now: datetime) -> int:
    """Write the messages of what has happened since the last time; return of how much. Several may do so at once."""
    found = 0
    for kind in TOLD:
        found += follow(FOLLOWER, kind, partial(_take, kind, page_of, now), now=now)
    return found


def _take(kind: Happening, page_of: PageOf, now: datetime, since: datetime, until: datetime) -> int:
    told = TOLD[kind]
    prefix = f"{told.message.replace('_', '-')}:"
    about: dict[str, Value] = {
        "since": since, "until": until, "still": told.still.value if told.still else 0, "by_text": int(told.by_text),
        "prefix": prefix, "limit": TAKE_MAX,
    }  # fmt: skip
    found: list[_News]
    [found] = ask(Question(_NEWS.format(happened=FOUND[kind]), about, lambda row: _News(*row)))
    things = _things({news.order_id for news in found})
    devices = devices_of({news.customer_id for news in found})
    notes = []
    for news in found:
        payload = _payload(news, things.get(news.order_id, {}), page_of, now)
        ways = [*_ways(news, told), *(("push", str(d.pk), d.language) for d in devices.get(news.customer_id, ()))]
        notes += [
            Note(prefix + str(news.source_id), channel, to, language, told.message, payload, news.customer_id,
                 lapses_at=news.pay_by if told.lapses else None)
            for channel, to, language in ways
        ]  # fmt: skip
    write(notes, now=now)
    return len(found)


def _ways(news: _News, told: Told) -> Iterator[tuple[str, str, str]]:
    if news.contact and "@" in news.contact:
        yield "email", news.contact, news.language
    elif told.by_text and (number := news.contact or news.phone):
        yield "sms", number, news.language


def _payload(news: _News, things: Mapping[str, str], page_of: PageOf, now: datetime) -> dict[str, Any]:
    return {
        "number": str(news.order_id),
        "things": things or None,
        "total": [news.total, news.currency],
        "amount": [news.amount if news.amount is not None else news.total, news.currency],
        "pay_by": [news.pay_by.isoformat(), news.time_zone],
        **page_of(news.order_id, news.channel_id, news.customer_id if news.is_guest else None, now),
    }


def _things(orders: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return what was ordered, in each language, a line a thing; two queries."""
    lines: dict[UUID, list[Line]] = {}
    for line in Line.objects.filter(order_id__in=list(orders)).order_by("order_id", "position"):
        lines.setdefault(line.order_id, []).append(line)
    ids = {line.variant_id for some in lines.values() for line in some[:THINGS_MAX]}
    variants = {one.pk: one for one in Variant.objects.filter(pk__in=ids).select_related("product")}
    return {
        order: {
            language: "\n".join(
                [*(f"{line.quantity} × {_name(variants[line.variant_id], language)}" for line in some[:THINGS_MAX]),
                 *(["…"] if len(some) > THINGS_MAX else [])]
            )
            for language in LANGUAGES
        }
        for order, some in lines.items()
    }  # fmt: skip


def _name(variant: Variant, language: str) -> str:
    product, own = text_in(variant.product.name, language), text_in(variant.name, language)
    if own in ("", product):
        return product
    return f"{product}（{own}）" if language.startswith("zh") else f"{product} ({own})"
