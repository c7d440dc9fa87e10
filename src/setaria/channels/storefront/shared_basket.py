"""A basket shared by a link: made and taken back by its owner, looked at and taken over by whoever has it."""

from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import queries
from setaria.channels.storefront.basket_lines import BasketLine, full, put_in
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import keep_cookie, owner_of
from setaria.kernel import clock
from setaria.trade.baskets.models import Share
from setaria.trade.baskets.queries import shares_of
from setaria.trade.baskets.rules import Full, TooMany
from setaria.trade.baskets.share import SHARES_MAX, Empty, key_from, revoke, share, shared, token_of


class Link(msgspec.Struct, frozen=True):
    """A share with its address."""

    share: Share
    url: str


def links_of(request: Visit, shelf: queries.Shelf) -> list[Link]:
    """Return the visitor's own living links; one query."""
    key = key_from(settings.SECRET_KEY)
    return [
        Link(one, request.build_absolute_uri(reverse("store:basket_shared", args=[token_of(key, one.pk)])))
        for one in shares_of(owner_of(request), shelf.now)
    ]


@require_POST
def make(request: Visit) -> HttpResponse:
    """Make a link to a copy of the basket."""
    try:
        share(owner_of(request), now=clock.now())
    except Empty:
        messages.error(request, _("There is nothing in your basket to share."))
    except Full:
        messages.error(request, _("You have %(max)d links already. Take one back first.") % {"max": SHARES_MAX})
    else:
        messages.success(request, _("The link is made. Whoever has it sees a copy of your basket."))
    return redirect(f"{reverse('store:basket')}#shares")


@require_POST
def take_back(request: Visit) -> HttpResponse:
    """End one of one's own links."""
    try:
        gone = revoke(owner_of(request), UUID(request.POST.get("share", "")))
    except ValueError:
        gone = False
    if gone:
        messages.success(request, _("The link is taken back; nobody sees anything by it any more."))
    else:
        messages.error(request, _("There is no such link of yours; nothing was changed."))
    return redirect(f"{reverse('store:basket')}#shares")


def _lines(found: Share, shelf: queries.Shelf) -> list[BasketLine]:
    variants = queries.variants_by_id([variant_id for variant_id, _ in found.lines])
    shown = {key: variant for key, variant in variants.items() if variant.product.published}
    offers = queries.offers_of(list(shown.values()), shelf)
    return [BasketLine(offers[key], units, None) for key, units in found.lines if key in offers]


@require_safe
def page(request: Visit, token: str) -> HttpResponse:
    """Show a shared basket at today's prices; a link that ended says so."""
    shelf = queries.shelf(request, clock.now())
    found = shared(key_from(settings.SECRET_KEY), token, shelf.now)
    lines = _lines(found, shelf) if found else []
    ready = shelf.sells and any(line.offer.for_sale for line in lines)
    context = {
        "share": found, "token": token, "lines": lines, "total": sum(line.total for line in lines), "ready": ready,
        "shelf": shelf,
    }  # fmt: skip
    return render(request, "storefront/shared.html", context, status=200 if found else 404)


@require_POST
def take(request: Visit, token: str) -> HttpResponse:
    """Put what can be bought of a shared basket into one's own, all or none; say what was left out."""
    shelf = queries.shelf(request, clock.now())
    found = shared(key_from(settings.SECRET_KEY), token, shelf.now)
    if found is None:
        return redirect("store:basket_shared", token)
    lines = _lines(found, shelf)
    wanted = {line.variant.pk: line.quantity for line in lines if line.offer.for_sale} if shelf.sells else {}
    if not wanted:
        messages.error(request, _("This cannot be bought here at the moment. Nothing was put in your basket."))
        return redirect("store:basket_shared", token)
    try:
        offers = {line.variant.pk: line.offer for line in lines}
        basket_id = put_in(request, wanted, offers, shelf)
    except (Full, TooMany):
        full(request)
        return redirect("store:basket")
    if left_out := len(found.lines) - len(wanted):
        messages.warning(
            request, _("Not everything can be bought here now; left out: %(count)d.") % {"count": left_out}
        )
    messages.success(request, _("The shared basket is in yours."))
    return keep_cookie(request, redirect("store:basket"), basket_id)
