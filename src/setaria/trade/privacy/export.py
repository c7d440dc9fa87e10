"""What we keep about a person, as a file that machines and people read: JSON in a zip."""

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet

from setaria.goods.catalog.models import Variant
from setaria.people.members.models import Address, Member
from setaria.people.notices.models import Device, Message, Reader, Refusal
from setaria.trade.alerts.models import Alert
from setaria.trade.baskets import models as baskets
from setaria.trade.draws.models import Entry, Offer
from setaria.trade.friendcodes.models import Code
from setaria.trade.giftcards.models import Card
from setaria.trade.invoices.models import Billing, Invoice
from setaria.trade.orders.models import Charge, Destination, Event, Line, Order
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.points import models as points
from setaria.trade.preorders.models import Place
from setaria.trade.promotions.models import Use
from setaria.trade.quotes.models import Exemption

Rows = list[dict[str, Any]]


def export(member: Member, now: datetime) -> bytes:
    """Return a zip with one JSON file for each kind of thing kept about this member, and nobody else.

    Amounts in minor units, instants in UTC. Passwords, keys and the texts of codes are secrets, not data, and stay.
    """
    about = {name: getattr(member, name) for name in ("id", "email", "phone", "phone_verified", "name", "joined_at",
                                                      "last_login", "fan_points")}  # fmt: skip
    held = BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as bundle:
        for name, content in [("account", about | {"exported_at": now}), *_kept(member)]:
            written = msgspec.json.format(msgspec.json.encode(content, enc_hook=str), indent=2)
            bundle.writestr(f"setaria/{name}.json", written)
    return held.getvalue()


def _kept(member: Member) -> Iterable[tuple[str, Rows]]:
    pk = member.pk
    orders = Order.objects.filter(customer_id=pk)
    ids = orders.values("pk")
    yield "email_addresses", _rows(EmailAddress.objects.filter(user=member), "email", "verified", "primary")
    yield "addresses", _rows(Address.objects.filter(member=member), without=("id", "member_id"))
    yield "orders", _rows(orders)
    yield "order_lines", _named(_rows(Line.objects.filter(order_id__in=ids), without=("location_id",)))
    yield "order_charges", _rows(Charge.objects.filter(order_id__in=ids))
    yield "promotions_used", _rows(Use.objects.filter(customer_id=pk))
    yield "points", _rows(points.Entry.objects.filter(member_id=pk), without=("by",))
    yield "tax_exemptions", _rows(Exemption.objects.filter(member_id=pk), "market__code", "certificate", "valid")
    yield "store_credit", _rows(Card.objects.filter(member_id=pk), "id", "market_id", "balance", "why", "issued_at")
    yield "order_events", _rows(Event.objects.filter(order_id__in=ids))
    yield "order_destinations", _rows(Destination.objects.filter(order_id__in=ids))
    yield "payments", _rows(Payment.objects.filter(customer_id=pk))
    yield "refunds", _rows(Refund.objects.filter(order_id__in=ids), without=("sent_by",))
    yield "invoices_for", _rows(Billing.objects.filter(order_id__in=ids), without=("waits",))
    yield "invoices", _rows(Invoice.objects.filter(order_id__in=ids), "name", "order_id", "issued_at", "content")
    yield "places", _rows(Place.objects.filter(customer_id=pk))
    yield "draw_entries", _rows(Entry.objects.filter(customer_id=pk), without=("key",))
    yield "draw_offers", _rows(Offer.objects.filter(customer_id=pk))
    yield "friend_codes", _rows(Code.objects.filter(given_to=pk), "drop_id", "given_at", "spent_at", "revoked_at")
    yield (
        "basket",
        _named(_rows(baskets.Line.objects.filter(basket__member=pk), "variant_id", "quantity", "later", "put_at")),
    )
    yield "wishes", _rows(baskets.Wish.objects.filter(basket__member=pk), "product__slug", "put_at")
    yield "alerts", _rows(Alert.objects.filter(member=member), without=("origin",))
    yield (
        "messages",
        _rows(Message.objects.filter(member=member), "channel", "recipient", "template", "made_at", "sent_at"),
    )
    # The keys of a device are secrets of its browser.
    yield "devices", _rows(Device.objects.filter(member=member), "name", "language", "added_at", "reached_at")
    yield "language", _rows(Reader.objects.filter(member=member), "language", "market__code")
    yield "not_told", _rows(Refusal.objects.filter(member=member), "topic", "channel", "at")
    yield "sessions", _rows(UserSession.objects.filter(user=member), "created_at", "ip", "user_agent", "last_seen_at")
    yield "keys", _rows(Authenticator.objects.filter(user=member), "type", "created_at", "last_used_at")
    yield "accounts_elsewhere", _rows(SocialAccount.objects.filter(user=member), "provider", "uid", "date_joined")


def _rows(found: QuerySet[Any], *names: str, without: tuple[str, ...] = ()) -> Rows:
    fields = names or tuple(each.attname for each in found.model._meta.concrete_fields if each.attname not in without)
    return list(found.values(*fields))


def _named(rows: Rows) -> Rows:
    skus = dict(Variant.objects.filter(pk__in={row["variant_id"] for row in rows}).values_list("pk", "sku"))
    return [row | {"sku": skus.get(row["variant_id"])} for row in rows]
