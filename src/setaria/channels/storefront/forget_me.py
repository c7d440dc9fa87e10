"""Forgetting somebody who bought without an account, once they have proven the contact: by following a link sent to it.

Whoever asks is told the same, and gets a message either way, so that nobody learns who has bought here.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.core.ratelimit import consume_or_429
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from setaria.channels.storefront.directory import origin
from setaria.channels.storefront.own_data import WORD
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock, seals
from setaria.kernel.ids import new_id
from setaria.kernel.seals import BadSeal, Seal
from setaria.people.members.entrance import ContactField
from setaria.people.members.guests import ORDERS, let_in
from setaria.people.members.models import Guest
from setaria.people.notices.write import Note, write
from setaria.trade.orders.models import Order
from setaria.trade.privacy.erase import StillRunning, erase
from setaria.trade.privacy.running import Kind, Running, running

LINK_GOOD_FOR = timedelta(days=1)
_SEAL = Seal(">qI")  # guest, lapses at (seconds)


class ContactForm(forms.Form):
    """With what one ordered."""

    contact = ContactField()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: Visit) -> HttpResponse:
    """Ask for the contact one ordered with, and send a link to it."""
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        contact = form.cleaned_data["contact"]
        if refused := consume_or_429(request, action="forget_me", key=contact):
            return refused
        _send(request, contact, clock.now())
        messages.success(
            request, _("We have sent a message to %(contact)s. Its link leads on; it is good for a day.") % {"contact": contact}
        )  # fmt: skip
        return redirect("store:forget_me")
    return render(request, "storefront/forget_me.html", {"form": form}, status=422 if form.errors else 200)


def _send(request: Visit, contact: str, now: datetime) -> None:
    guest_id = Guest.objects.filter(contact=contact).values_list("pk", flat=True).first()
    path = ""
    if guest_id is not None:
        path = reverse("store:forget", args=[_SEAL.close(_key(), guest_id, int((now + LINK_GOOD_FOR).timestamp()))])
    store = request.storefront
    payload = {"base_url": origin(store), "brand": store.name, "path": path}
    channel, language = "email" if "@" in contact else "sms", get_language() or "zh-hans"
    with transaction.atomic():
        write([Note(f"forget-me:{new_id()}", channel, contact, language, "forget_me", payload)], now=now)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: Visit, token: str) -> HttpResponse:
    """Say what happens and what comes first; on POST, forget the guest. Whoever looks only changes nothing."""
    now = clock.now()
    guest = _guest(token, now)
    what = running(guest.pk, now)
    if request.method != "POST":
        return _page(request, guest, what)
    if request.POST.get("sure") != WORD:
        messages.error(request, _("Tick the box to say that you are sure. Nothing was changed."))
        return _page(request, guest, what, status=422)
    try:
        erase(guest.pk, now=now)
    except StillRunning as still:
        messages.error(request, _("Something is still under way. Nothing was changed."))
        return _page(request, guest, still.what, status=409)
    request.session.pop(ORDERS, None)
    messages.success(request, _("What we knew of you is forgotten. Goodbye."))
    return redirect("store:home")


def _guest(token: str, now: datetime) -> Guest:
    try:
        guest_id, lapses_at = _SEAL.open(_key(), token)
    except BadSeal as error:
        raise Http404 from error
    guest = Guest.objects.filter(pk=guest_id, contact__isnull=False).first()
    if guest is None or lapses_at <= now.timestamp():
        raise Http404
    return guest


def _page(request: Visit, guest: Guest, what: list[Running], status: int = 200) -> HttpResponse:
    for each in what:  # the link proves the contact, as an order's own does
        if isinstance(each.id, UUID) and each.kind is not Kind.PLACE:
            let_in(request, each.id, guest.pk)
    context: dict[str, Any] = {
        "running": [{"it": each} for each in what], "word": WORD, "contact": guest.contact,
        "orders": Order.objects.filter(customer_id=guest.pk).count(),
    }  # fmt: skip
    return render(request, "storefront/forget_me.html", context, status=status)


def _key() -> bytes:
    return seals.key_from(settings.SECRET_KEY, "setaria.guests.forget.v1")
