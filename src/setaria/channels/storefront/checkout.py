"""From basket to order, on one page. The door decides; this page asks it and tells what it said.

What the buyer saw is what is ordered: the page sends back the mark of the quote it showed, and whatever changed since
(a price, a coupon, tax, delivery) is shown and asked again.
"""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec
from allauth.core.ratelimit import consume, consume_or_429, respond_429
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from msgspec.structs import replace

from setaria.channels.storefront import explain, guest, queries, refusals
from setaria.channels.storefront.basket_lines import BasketLine, lines_now
from setaria.channels.storefront.forms import CheckoutForm, GuestCheckoutForm, country_of, latest_address
from setaria.channels.storefront.visit import MemberVisit
from setaria.channels.storefront.visitor import owner_of
from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.people.members.guests import guest_of
from setaria.trade.orders.requests import ORDER_LINES_MAX, Code, Line, Placed, Refused
from setaria.trade.promotions.rules import CODES_MAX, Problem
from setaria.trade.purchases.buy import Agreed, Changed, Unreserved, Unsure, buy
from setaria.trade.purchases.finish import finish
from setaria.trade.quotes.queries import Choice, Priced, price

_LINE = re.compile(r"(\d{1,9}):(\d{1,6}):(\d{1,15})", re.ASCII)


class Posted(msgspec.Struct, frozen=True):
    """What the checkout page sent: the order's id it was rendered with, the lines and prices the buyer saw, the choices
    they made, and the mark of the quote they saw.
    """

    order_id: UUID
    channel_id: int
    lines: tuple[Line, ...]
    choice: Choice
    seen: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: MemberVisit) -> HttpResponse:
    """Show what will be ordered and where it goes; on POST, place the order. Who has no account is a guest."""
    shelf = queries.shelf(request, clock.now())
    if request.method == "POST":
        return _order(request, shelf)
    lines = lines_now(request, shelf)
    if not lines:
        return redirect("store:basket")
    if not shelf.sells or any(line.gone or line.short for line in lines):
        messages.warning(
            request, _("Something in your basket cannot be ordered as it is. Please look at the marked lines first.")
        )
        return redirect("store:basket")
    order_id = new_id()
    known = latest_address(request.user.pk, country_of(shelf.market)) if request.user.is_authenticated else {}
    if request.user.is_authenticated:
        form = CheckoutForm(country_of(shelf.market), initial=known)
    else:
        form = GuestCheckoutForm(country_of(shelf.market))
        guest.offer(request, order_id)
    return _render(request, shelf, lines, form, order_id, Choice(region=known.get("region", "")))


def _order(request: MemberVisit, shelf: queries.Shelf) -> HttpResponse:
    posted = _read(request)
    if posted is None:
        messages.error(request, refusals.SENTENCES[Code.MALFORMED])
        return redirect("store:basket")
    if posted.channel_id != (shelf.channel.pk if shelf.channel else 0):
        messages.error(
            request,
            _(
                "The market was changed in another window. Nothing was ordered; look at your basket in this market first."
            ),
        )
        return redirect("store:basket")
    if posted.choice.codes and not consume(request, action="coupon", dry_run=True):
        return respond_429(request)  # who guesses codes is not told any more which are right
    known = request.user.is_authenticated
    make = CheckoutForm if known else GuestCheckoutForm
    if not known and not guest.was_offered(request, posted.order_id):
        return redirect("store:checkout")  # the browser forgot us, or the id is somebody else's; nothing was ordered
    if "look" in request.POST:
        return _again(request, shelf, posted, make(country_of(shelf.market), initial=request.POST.dict()), status=200)
    form = make(country_of(shelf.market), request.POST)
    if not form.is_valid():
        return _again(request, shelf, posted, form)
    if not known and (refused := consume_or_429(request, action="guest_order", key=form.cleaned_data["contact"])):
        return refused
    customer_id = request.user.pk if known else guest_of(form.cleaned_data["contact"])
    # Where no region is asked for, none that was sent makes delivery cheaper.
    posted = replace(posted, choice=replace(posted.choice, region=form.address()["region"]))
    agreed = Agreed(
        order_id=posted.order_id, customer_id=customer_id, member=known, market=shelf.market,
        channel_id=posted.channel_id, lines=posted.lines, choice=posted.choice, seen=posted.seen,
    )  # fmt: skip
    answer = buy(agreed, now=shelf.now)
    if isinstance(answer, Placed):
        if not known:
            guest.welcome(request, posted.order_id, customer_id)
        finish(agreed, answer, form.address(), owner_of(request), now=shelf.now)
        return redirect("store:order", posted.order_id)
    messages.error(request, _why_not(answer, posted, shelf))
    return _again(request, shelf, posted, form)


def _why_not(answer: Refused | Changed | Unreserved | Unsure, posted: Posted, shelf: queries.Shelf) -> str:
    match answer:
        case Changed(priced):
            return explain.changed(posted.seen, priced.quote.total, shelf.market.currency)
        case Unreserved():
            spent = _("Your points were spent in another window. Nothing was ordered; look at the total below.")
            return spent if answer.why is None else str(explain.RESERVING[answer.why])
        case Refused():
            return refusals.in_words(answer, queries.variants_by_id([answer.variant_id or 0]))
    return _(
        "We could not make sure that your order arrived. Press the button once more: it is the same order, and it will not be placed twice."
    )


def _again(
    request: MemberVisit, shelf: queries.Shelf, posted: Posted, form: CheckoutForm, status: int = 422
) -> HttpResponse:
    """Show the page again with what was sent: the same order id, the same lines, today's prices beside those seen."""
    offers = queries.offers_by_id([line.variant_id for line in posted.lines], shelf)
    lines = [
        BasketLine(offers[line.variant_id], line.quantity, line.unit_price)
        for line in posted.lines
        if line.variant_id in offers
    ]
    if not lines:
        return redirect("store:basket")
    return _render(request, shelf, lines, form, posted.order_id, posted.choice, status=status)


def _render(
    request: MemberVisit,
    shelf: queries.Shelf,
    lines: Sequence[BasketLine],
    form: CheckoutForm,
    order_id: UUID,
    choice: Choice,
    status: int = 200,
) -> HttpResponse:
    wanted = tuple(Line(x.variant.pk, x.quantity, x.offer.price or 0) for x in lines)
    priced = _price(request, shelf, wanted, choice)
    if Problem.UNKNOWN in priced.problems.values():
        consume(request, action="coupon")
    context = {
        "lines": lines,
        "form": form,
        "order_id": order_id,
        "shelf": shelf,
        "priced": priced,
        "rows": explain.rows(priced.quote, shelf.market.currency),
        "problems": {code: explain.PROBLEMS[why] for code, why in priced.problems.items()},
        "codes": " ".join(choice.codes),
        "points": choice.points,
        "units": sum(line.quantity for line in lines),
        "ready": shelf.sells and not any(line.gone or line.short for line in lines),
    }
    return render(request, "storefront/checkout.html", context, status=status)


def _price(request: MemberVisit, shelf: queries.Shelf, lines: tuple[Line, ...], choice: Choice) -> Priced:
    customer_id = request.user.pk if request.user.is_authenticated else None
    return price(lines, shelf.market, choice, customer_id=customer_id, now=shelf.now)


def _read(request: MemberVisit) -> Posted | None:
    """Parse what the page sent; None when it is nothing the page could have sent."""
    raw = request.POST.getlist("line")
    found = [_LINE.fullmatch(text) for text in raw[: ORDER_LINES_MAX + 1]]
    channel = request.POST.get("channel", "")
    if not found or not all(found) or not re.fullmatch(r"\d{1,5}", channel, re.ASCII):
        return None
    lines = tuple(Line(*map(int, match.groups())) for match in found if match)
    if any(line.variant_id >= 2**31 for line in lines):
        return None
    try:
        return Posted(
            UUID(request.POST.get("order", "")),
            int(channel),
            lines,
            _choice(request),
            request.POST.get("seen", "")[:60],
        )
    except ValueError:
        return None


def _choice(request: MemberVisit) -> Choice:
    typed = request.POST.get("codes", "").replace(",", " ").split()
    codes = tuple(dict.fromkeys(code.upper()[:32] for code in typed if code.isascii()))[:CODES_MAX]
    return Choice(
        request.POST.get("delivery", "")[:32],
        request.POST.get("region", "").strip()[:60],
        codes,
        "points" in request.POST,
    )
