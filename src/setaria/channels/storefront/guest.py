"""Orders without an account: a sealed link opens one, and an account that proves the contact takes them over.

The link is sent to the contact of the order and nowhere shown. It holds the order and the guest, is good for
`LINK_DAYS`, and opens nothing once the order belongs to an account.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.account.signals import email_confirmed
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from setaria.channels.storefront.directory import origin, store_of
from setaria.kernel import clock, seals
from setaria.kernel.seals import BadSeal, Seal
from setaria.people.members.guests import guests_of, identities, let_in
from setaria.people.members.models import Member
from setaria.people.notices.readers import speak
from setaria.trade.orders import adopt as orders
from setaria.trade.orders.models import Order
from setaria.trade.payments import adopt as payments

LINK_DAYS = 90
OFFERED = "checkout_orders"
OFFERED_MAX = 20
_SEAL = Seal(">16sqI")  # order, guest, lapses at (seconds)


def offer(request: HttpRequest, order_id: UUID) -> None:
    """Note that this browser was given an order's id to place it under.

    An order's id is no secret: it is its number. Only who was given it unplaced may place it, or ask what became of
    it, as a guest.
    """
    known = [*request.session.get(OFFERED, []), str(order_id)]
    request.session[OFFERED] = known[-OFFERED_MAX:]


def was_offered(request: HttpRequest, order_id: UUID) -> bool:
    """Whether this browser was given that id."""
    return str(order_id) in request.session.get(OFFERED, [])


def buyer_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Show an order's page to whoever it may concern; anybody else signs in first."""

    @wraps(view)
    def wrapped(request: HttpRequest, order_id: UUID, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if identities(request, order_id):
                return view(request, order_id, *args, **kwargs)
        except Http404:
            if request.user.is_authenticated:
                raise
        return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("store:account"))

    return never_cache(wrapped)


def welcome(request: HttpRequest, order_id: UUID, guest_id: int) -> None:
    """Let the browser that placed an order see it. Its link goes to the contact, with the news that it is placed."""
    let_in(request, order_id, guest_id)
    speak(guest_id, get_language(), _market_of(request))


def page_of(order_id: UUID, channel_id: int, guest_id: int | None, now: datetime) -> dict[str, Any]:
    """Return where an order's buyer finds it (`path`), and at which store (`base_url`, `brand`), for a message.

    Where the buyer is a guest the address opens the page by itself.
    """
    store = store_of(channel_id)
    if guest_id is None:
        path = reverse("store:order", args=[order_id])
    else:
        path = reverse("store:order_open", args=[token_of(order_id, guest_id, now)])
    home = f"/{store.path}" if store.path else ""
    return {"base_url": origin(store), "brand": store.name, "path": home + path}


def token_of(order_id: UUID, guest_id: int, now: datetime) -> str:
    """Return what opens one order of a guest's, for `LINK_DAYS`."""
    return _SEAL.close(_key(), order_id.bytes, guest_id, int((now + timedelta(days=LINK_DAYS)).timestamp()))


def opened_by(token: str, now: datetime) -> tuple[UUID, int]:
    """Return the order and the guest a token is about; raises BadSeal for one that is forged or has lapsed."""
    raw, guest_id, lapses_at = _SEAL.open(_key(), token)
    if lapses_at <= now.timestamp():
        raise BadSeal("lapsed")
    return UUID(bytes=raw), guest_id


@never_cache
@require_safe
def open_order(request: HttpRequest, token: str) -> HttpResponse:
    """Follow the link: the order's page, for this browser."""
    try:
        order_id, guest_id = opened_by(token, clock.now())
    except BadSeal as error:
        raise Http404 from error
    customer = Order.objects.filter(pk=order_id).values_list("customer_id", flat=True).first()
    if customer is None:
        raise Http404
    if customer == guest_id:
        let_in(request, order_id, guest_id)
    return redirect("store:order", order_id)  # where it belongs to an account by now, that asks to sign in


def claim(member: Member) -> int:
    """Give a member the orders they placed as a guest under contacts they have proven; return how many."""
    with transaction.atomic():
        found = orders.adopt(guests_of(member), member.pk)
        payments.adopt(found, member.pk)
    return len(found)


def _key() -> bytes:
    return seals.key_from(settings.SECRET_KEY, "setaria.orders.guest.v1")


def _market_of(request: HttpRequest | None) -> int | None:
    market = getattr(request, "market", None)  # a shell that signs somebody in has none
    return market.pk if market is not None else None


def _signed_in(request: HttpRequest | None, user: Member, **_signal: Any) -> None:
    speak(user.pk, get_language(), _market_of(request))
    count = claim(user)
    if count and request is not None:
        text = ngettext(
            "%(count)d order that you placed without an account is now in it.",
            "%(count)d orders that you placed without an account are now in it.",
            count,
        )
        messages.success(request, text % {"count": count}, fail_silently=True)


def _proved(email_address: Any, **_signal: Any) -> None:
    claim(email_address.user)


user_logged_in.connect(_signed_in, dispatch_uid="setaria.storefront.claim_at_sign_in")
email_confirmed.connect(_proved, dispatch_uid="setaria.storefront.claim_when_proven")
