"""The basket's page and its buttons."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import explain, queries, shared_basket
from setaria.channels.storefront.basket_lines import BasketLine, all_now, full, put_in
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.visitor import RENEWED_AFTER, keep_cookie, owner_of
from setaria.goods.catalog.models import Variant
from setaria.kernel import clock
from setaria.kernel.texts import text_in
from setaria.trade.baskets import keep
from setaria.trade.baskets.queries import lines_of
from setaria.trade.baskets.rules import Full, TooMany
from setaria.trade.orders.requests import LINE_QUANTITY_MAX
from setaria.trade.quotes.quote import Item, Quote, Wanted, quote
from setaria.trade.quotes.rulebook import rules_of


@require_safe
def page(request: Visit) -> HttpResponse:
    """Show the basket and what is saved for later, and plainly what changed since things were put in."""
    shelf = queries.shelf(request, clock.now())
    owner = owner_of(request)
    kept = lines_of(owner)
    shown = all_now(request, kept, shelf)
    lines = [line for line in shown if not line.later]
    quoted = _quote(lines, shelf)
    response = render(
        request,
        "storefront/basket.html",
        {
            "lines": lines,
            "later": [line for line in shown if line.later],
            "shares": shared_basket.links_of(request, shelf),
            "shelf": shelf,
            "total": quoted.total,
            "rows": explain.rows(quoted, shelf.market.currency) if shelf.sells else [],
            "units": sum(line.quantity for line in lines),
            "ready": shelf.sells and bool(lines) and not any(line.gone or line.short for line in lines),
            "quantity_max": LINE_QUANTITY_MAX,
        },
    )
    if kept and owner.basket_id and shelf.now - kept[0].basket.touched_at > RENEWED_AFTER:
        keep.touch(owner, now=shelf.now)
        keep_cookie(request, response, owner.basket_id)
    return response


def _quote(lines: Sequence[BasketLine], shelf: queries.Shelf) -> Quote:
    """What goods and the first way of sending would cost: the checkout's own sum, but for what is only known there."""
    items = tuple(Item(line.variant.pk, 0, line.quantity, line.offer.price or 0) for line in lines if not line.gone)
    ways = rules_of(shelf.market.pk).ways_to("", shelf.now) if items and shelf.sells else ()
    return quote(Wanted(items, delivery=next(iter(ways), None)))


@require_POST
def add(request: Visit) -> HttpResponse:
    """Put units of a variant in the basket; on a wrong quantity or SKU nothing changes and the page says why."""
    sku, quantity = request.POST.get("sku", ""), quantity_of(request.POST.get("quantity", "1"))
    shelf = queries.shelf(request, clock.now())
    offer = queries.offer_by_sku(sku, shelf)
    if offer is None:
        messages.error(request, _("There is no such product any more. Nothing was put in your basket."))
        return redirect("store:basket")
    variant = offer.variant
    back = f"{reverse('store:product', args=[variant.product.slug])}?sku={variant.sku}"
    if not quantity:
        _wrong_quantity(request)
        return redirect(back)
    if not shelf.sells or not offer.for_sale:
        messages.error(request, _("This cannot be bought here at the moment. Nothing was put in your basket."))
        return redirect(back)
    try:
        basket_id = put_in(request, {variant.pk: quantity}, {variant.pk: offer}, shelf)
    except Full:
        full(request)
        return redirect("store:basket")
    except TooMany:
        _wrong_quantity(request)
        return redirect(back)
    name = f"{text_in(variant.product.name)} · {text_in(variant.name)}"
    messages.success(request, _("%(name)s is in your basket.") % {"name": name})
    return keep_cookie(request, redirect("store:basket"), basket_id)


@require_POST
def change(request: Visit) -> HttpResponse:
    """Set how many of a line are wanted; 0, or the button that says so, takes it out."""
    quantity = 0 if "remove" in request.POST else quantity_of(request.POST.get("quantity", ""))
    if quantity is None:
        _wrong_quantity(request)
        return redirect("store:basket")
    shelf = queries.shelf(request, clock.now())

    def set_quantity(variant: Variant) -> bool:
        price = queries.offers_of([variant], shelf)[variant.pk].price
        return keep.change(owner_of(request), variant.pk, quantity, price, shelf.market.pk, now=shelf.now)

    return _edit(request, set_quantity)


@require_POST
def later(request: Visit) -> HttpResponse:
    """Save a line for later, or put it back (`back`)."""
    saved = "back" not in request.POST
    return _edit(request, lambda v: keep.save_for_later(owner_of(request), v.pk, later=saved, now=clock.now()))


def _edit(request: Visit, edit: Callable[[Variant], bool]) -> HttpResponse:
    """Do something to the line of the SKU that was sent, and return to the basket."""
    sku = request.POST.get("sku", "")
    variant = queries.variants_by_sku([sku]).get(sku)
    try:
        if variant is None or not edit(variant):
            messages.error(request, _("That is not in your basket; nothing was changed."))
    except Full:
        full(request)
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
