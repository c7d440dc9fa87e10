"""A drop's page, and the pass that lets a member order in it. The order itself goes to the gate, not to Django."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront import coming_in
from setaria.channels.storefront.drop_words import words
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.goods.catalog.models import Picture, Variant
from setaria.goods.inventory.queries import free_units
from setaria.goods.pricing.queries import prices_at
from setaria.kernel.clock import now
from setaria.kernel.texts import text_in
from setaria.kernel.written import money_parts
from setaria.trade.admission.admit import NotAdmitted, admit
from setaria.trade.drops.models import Drop
from setaria.trade.guard import meet
from setaria.trade.orders.models import Claim, Line, Order, Status

ORDERS_SHOWN_MAX = 5
NO_ORDER = UUID(int=0)  # stands in addresses for an order that does not exist yet


class Offer(msgspec.Struct, frozen=True):
    """A variant on offer: price in minor units (None: not sold), and how many of it this customer may still have."""

    variant: Variant
    picture: Picture | None
    price: int | None
    limit: int
    left: int
    sold_out: bool


class Own(msgspec.Struct, frozen=True):
    """An order the visitor has in this drop, and what is in it."""

    order: Order
    contents: str
    payable: bool


@require_safe
@never_cache
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a drop as it stands; the script takes it from there."""
    drops = Drop.objects.exclude(admission=Drop.Admission.PLACES)
    drop = get_object_or_404(drops.select_related("channel__market"), slug=slug)
    market = drop.channel.market
    at = now()
    panel = coming_in.panel(drop, request.user if request.user.is_authenticated else None, at)
    offers = offers_of(drop, request.user.pk, at, only=panel.only_variant if panel else None)
    state = state_of(drop, offers, at)
    own = _own(drop, request.user.pk, at)
    first = max(1, sum(each.payable for each in own))
    elsewhere = request.market.pk != market.pk
    sold_here = market.sells and not elsewhere
    can_buy = sold_here and (panel is None or panel.may_order)
    context = {
        "drop": drop,
        "offers": offers,
        "state": state,
        "drop_market": market,
        "elsewhere": elsewhere,
        "panel": panel if sold_here else None,
        "can_buy": can_buy,
        "own": own[:first],
        "own_before": own[first:],
        "no_order": NO_ORDER,
        "Status": Status,
        "start": _start(request, drop, offers, state, at, can_buy=can_buy),
    }
    with timezone.override(ZoneInfo(market.time_zone)):
        return render(request, "storefront/drop.html", context)


@require_POST
@never_cache
def leave(request: Visit, slug: str) -> JsonResponse:
    """Give a signed-in member leave to order: a pass, or the code of the reason why not."""
    if not request.user.is_authenticated:
        return JsonResponse({"code": "SIGN_IN"}, status=401)
    at = now()
    drop = Drop.objects.select_related("guard_policy").filter(slug=slug, finished_at=None, closes_at__gt=at).first()
    if drop is None:
        raise Http404
    if (met := _met(cast(MemberVisit, request), drop, at)) is not None:
        return met
    answer = admit(drop, request.user, at)
    if isinstance(answer, NotAdmitted):
        return JsonResponse({"code": answer.code}, status=403)
    return JsonResponse({"pass": answer})


def _met(request: MemberVisit, drop: Drop, at: datetime) -> JsonResponse | None:
    """What the guard says to this asking; None lets it on."""
    policy = getattr(drop, "guard_policy", None)
    if policy is None:
        return None
    where = meet.origin(request.META, drop.pk)
    found = meet.meet(policy, request.user, where, request.POST.get("proof", ""), now=at)
    if found is None:
        return None
    if isinstance(found, meet.Work):
        told = {"code": found.code, "hard": found.hard, "rule": found.rule, "challenge": found.challenge}
        return JsonResponse(told, status=428)
    status, headers = (403, {}) if not found.retry_seconds else (429, {"Retry-After": str(found.retry_seconds)})
    return JsonResponse({"code": found.code, "rule": found.rule}, status=status, headers=headers)


def offers_of(drop: Drop, customer_id: int | None, at: datetime, *, only: int | None = None) -> list[Offer]:
    """Return what is on offer in a drop, to a customer (None: nobody in particular); `only` one variant, if it is named."""
    # What is withdrawn has no page and is refused by the door.
    shown = drop.items.filter(variant__product__published=True).select_related("variant__product")
    if only is not None:
        shown = shown.filter(variant_id=only)
    items = list(shown.prefetch_related("variant__product__pictures"))
    ids = [item.variant_id for item in items]
    # Before the opening people want to know what it will cost, and after the closing what it cost.
    priced = min(max(at, drop.opens_at), drop.closes_at - timedelta(microseconds=1))
    prices = prices_at(ids, drop.channel.market_id, priced)
    free = free_units(ids, drop.pool_id)
    claims = Claim.objects.filter(customer_id=customer_id or 0, drop_id=drop.pk)
    claimed = dict(claims.values_list("variant_id", "quantity"))
    return [
        Offer(
            variant=item.variant,
            picture=next(iter(item.variant.product.pictures.all()), None),
            price=prices.get(item.variant_id),
            limit=item.limit_per_customer,
            left=max(0, item.limit_per_customer - claimed.get(item.variant_id, 0)),
            sold_out=free.get(item.variant_id, 0) == 0,
        )
        for item in items
    ]


def state_of(drop: Drop, offers: list[Offer], at: datetime) -> str:
    """Say how a drop stands: before, open, sold_out or closed."""
    if at >= drop.closes_at or drop.finished_at is not None:
        return "closed"
    if at < drop.opens_at:
        return "before"
    return "sold_out" if offers and all(offer.sold_out for offer in offers) else "open"


def _own(drop: Drop, customer_id: int | None, at: datetime) -> list[Own]:
    """The visitor's latest orders in the drop, those that wait for money first."""
    if customer_id is None:
        return []
    orders = list(
        Order.objects.filter(customer_id=customer_id, drop_id=drop.pk).order_by("-placed_at")[:ORDERS_SHOWN_MAX]
    )
    lines = Line.objects.filter(order_id__in=[order.pk for order in orders]).order_by("order_id", "position")
    found = list(lines)
    variants = Variant.objects.select_related("product").in_bulk([line.variant_id for line in found])
    contents: dict[UUID, list[str]] = {}
    for line in found:
        contents.setdefault(line.order_id, []).append(f"{name_of(variants[line.variant_id])} × {line.quantity}")
    own = [
        Own(order, ", ".join(contents.get(order.pk, [])), order.status == Status.PLACED and order.pay_by > at)
        for order in orders
    ]
    return sorted(own, key=lambda each: not each.payable)


def name_of(variant: Variant) -> str:
    """Name what is bought in the reader's language: the product, and the variant where that says more."""
    product, own = text_in(variant.product.name), text_in(variant.name)
    return f"{product} {own}" if own and own != product else product


def _start(
    request: Visit, drop: Drop, offers: list[Offer], state: str, at: datetime, *, can_buy: bool
) -> dict[str, object]:
    """What the script begins with."""
    language = get_language() or "zh-hans"
    currency = drop.channel.market.currency
    return {
        "slug": drop.slug,
        "state": state,
        "finished": drop.finished_at is not None,
        "now": at.isoformat(),
        "opensAt": drop.opens_at.isoformat(),
        "closesAt": drop.closes_at.isoformat(),
        "timeZone": drop.channel.market.time_zone,
        "customer": request.user.pk,
        "canBuy": can_buy,
        "stateUrl": f"/rush/{drop.slug}",
        "ordersUrl": f"/rush/{drop.slug}/orders",
        "passUrl": reverse("store:drop_pass", args=[drop.slug]),
        "noOrder": str(NO_ORDER),
        "workerUrl": static("store/proof_worker.js"),
        "currency": currency,
        "sign": money_parts(0, currency, language)[0],
        "locale": f"{language[:2]}-{currency[:2]}",
        "items": [
            {
                "sku": offer.variant.sku,
                "name": name_of(offer.variant),
                "price": offer.price,
                "left": offer.left,
                "soldOut": offer.sold_out,
            }
            for offer in offers
        ],
        "words": words(),
    }
