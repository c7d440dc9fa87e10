"""The basket's page and its buttons."""

import msgspec
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import queries, session_basket
from setaria.channels.storefront.visit import Visit
from setaria.goods.catalog.models import Variant
from setaria.kernel import clock
from setaria.kernel.texts import text_in
from setaria.trade.orders.requests import LINE_QUANTITY_MAX


class BasketLine(msgspec.Struct, frozen=True):
    """A line of the basket as it stands now, beside what was seen when it was put in."""

    offer: queries.Offer
    quantity: int
    seen: int | None

    @property
    def variant(self) -> Variant:
        """What it is."""
        return self.offer.variant

    @property
    def gone(self) -> bool:
        """Whether it cannot be bought here at all."""
        return self.offer.price is None

    @property
    def changed(self) -> bool:
        """Whether the price is another than the one seen."""
        return self.seen is not None and not self.gone and self.seen != self.offer.price

    @property
    def short(self) -> bool:
        """Whether fewer are left than wanted."""
        return not self.gone and self.offer.free < self.quantity

    @property
    def total(self) -> int:
        """Minor units, at today's price."""
        return (self.offer.price or 0) * self.quantity


def lines_now(request: Visit, shelf: queries.Shelf) -> list[BasketLine]:
    """Return the basket's lines as they stand; four queries. What no longer exists is left out and said."""
    kept = session_basket.lines(request)
    if not kept:
        return []
    variants = queries.variants_by_sku(kept)
    offers = queries.offers_of(list(variants.values()), shelf)
    for sku in kept.keys() - variants.keys():
        session_basket.change(request, sku, 0, None, shelf.market.pk)
        messages.warning(request, _("%(sku)s is no longer sold and was taken out of your basket.") % {"sku": sku})
    return [
        BasketLine(
            offers[variants[sku].pk],
            line["quantity"],
            line["price"] if line["market"] == shelf.market.pk else None,
        )
        for sku, line in kept.items()
        if sku in variants
    ]


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the basket, and plainly what changed since things were put in."""
    shelf = queries.shelf(request.market, request.channel, clock.now())
    lines = lines_now(request, shelf)
    return render(
        request,
        "storefront/basket.html",
        {
            "lines": lines,
            "shelf": shelf,
            "total": sum(line.total for line in lines),
            "units": sum(line.quantity for line in lines),
            "ready": shelf.sells and bool(lines) and not any(line.gone or line.short for line in lines),
            "quantity_max": LINE_QUANTITY_MAX,
        },
    )


@require_POST
def add(request: Visit) -> HttpResponse:
    """Put units of a variant in the basket; on a wrong quantity or SKU nothing changes and the page says why."""
    sku, quantity = request.POST.get("sku", ""), quantity_of(request.POST.get("quantity", "1"))
    variant = queries.variants_by_sku([sku]).get(sku)
    if variant is None:
        messages.error(request, _("There is no such product any more. Nothing was put in your basket."))
        return redirect("store:basket")
    back = f"{reverse('store:product', args=[variant.product.slug])}?sku={variant.sku}"
    if not quantity:
        _wrong_quantity(request)
        return redirect(back)
    shelf = queries.shelf(request.market, request.channel, clock.now())
    offer = queries.offers_of([variant], shelf)[variant.pk]
    if not shelf.sells or not offer.for_sale:
        messages.error(request, _("This cannot be bought here at the moment. Nothing was put in your basket."))
        return redirect(back)
    try:
        session_basket.put(request, sku, quantity, offer.price, shelf.market.pk)
    except session_basket.Full:
        messages.error(
            request,
            _("An order has at most %(max)d different things. Your basket is as it was; order it first, then add more.")
            % {"max": session_basket.BASKET_LINES_MAX},
        )
        return redirect("store:basket")
    except session_basket.TooMany:
        _wrong_quantity(request)
        return redirect(back)
    name = f"{text_in(variant.product.name)} · {text_in(variant.name)}"
    messages.success(request, _("%(name)s is in your basket.") % {"name": name})
    return redirect("store:basket")


@require_POST
def change(request: Visit) -> HttpResponse:
    """Set how many of a line are wanted; 0, or the button that says so, takes it out."""
    sku = request.POST.get("sku", "")
    quantity = 0 if "remove" in request.POST else quantity_of(request.POST.get("quantity", ""))
    if quantity is None:
        _wrong_quantity(request)
        return redirect("store:basket")
    shelf = queries.shelf(request.market, request.channel, clock.now())
    variant = queries.variants_by_sku([sku]).get(sku)
    price = queries.offers_of([variant], shelf)[variant.pk].price if variant else None
    if not session_basket.change(request, sku, quantity, price, shelf.market.pk):
        messages.error(request, _("That is not in your basket; nothing was changed."))
    return redirect("store:basket")


def quantity_of(text: str) -> int | None:
    """Read a quantity from 0 to the most a line may have; None for anything else."""
    sound = text.isascii() and text.isdigit() and len(text) <= 6
    return int(text) if sound and int(text) <= LINE_QUANTITY_MAX else None


def _wrong_quantity(request: Visit) -> None:
    messages.error(
        request,
        _("A quantity is a whole number from 1 to %(max)d. Your basket is as it was.") % {"max": LINE_QUANTITY_MAX},
    )
