"""A programme's page, taking a place in it, and the page of one's own place."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront.pay import chosen
from setaria.channels.storefront.visit import MemberVisit, Visit
from setaria.goods.pricing.queries import prices_at
from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.trade.admission.admit import NotAdmitted
from setaria.trade.orders.models import Credit
from setaria.trade.payments.models import Refund
from setaria.trade.payments.providers import Provider, offered
from setaria.trade.preorders import deposits, queries
from setaria.trade.preorders.leave import leave, opening
from setaria.trade.preorders.models import LIVING, Place, Programme, Receipt
from setaria.trade.preorders.rules import RefundRules
from setaria.trade.preorders.weeks import promised
from setaria.trade.preorders.withdraw import Answer
from setaria.trade.preorders.withdraw import withdraw as give_up

Fate = Receipt.Fate


@require_safe
@never_cache
def page(request: Visit, slug: str) -> HttpResponse:
    """Show a programme as it stands, and the visitor's places in it."""
    programme = _programme(slug)
    market = programme.drop.channel.market
    at = clock.now()
    member = request.user if request.user.is_authenticated else None
    own = queries.own_places(member.pk, programme) if member else []
    opens_at = opening(programme, member) if member else programme.opens_at
    price = prices_at([programme.variant_id], market.pk, max(at, programme.opens_at)).get(programme.variant_id)
    context = {
        "programme": programme,
        "programme_market": market,
        "product": programme.variant.product,
        "picture": next(iter(programme.variant.product.pictures.all()), None),
        "price": programme.amount if price is None else min(price, programme.amount),
        "rest": programme.amount - programme.deposit_amount,
        "state": _state(programme, opens_at, at),
        "opens_at": opens_at,
        "own": own,
        # As the door counts: a place that had its turn is used up, whatever became of its order.
        "may_take": sum(each.place.state in LIVING for each in own) < programme.limit_per_customer,
        "left": programme.places_max - programme.places_living,
        "weeks": promised(programme.pk),
        "rules": msgspec.convert(programme.refund_rules, RefundRules),
        "balance_days": programme.drop.payment_seconds // 86400,
        "deposit_minutes": programme.deposit_seconds // 60,
        "elsewhere": request.market.pk != market.pk,
        "can_buy": market.sells and request.market.pk == market.pk,
        "start": {
            "placesUrl": f"/rush/{programme.slug}/places",
            "passUrl": reverse("store:programme_pass", args=[programme.slug]),
            "words": _words(),
        },
    }
    with timezone.override(ZoneInfo(market.time_zone)):
        return render(request, "storefront/programme.html", context)


def _programme(slug: str) -> Programme:
    found = Programme.objects.select_related("drop__channel__market", "variant__product")
    return get_object_or_404(found.prefetch_related("variant__product__pictures"), slug=slug)


def _state(programme: Programme, opens_at: datetime | None, at: datetime) -> str:
    if at >= programme.closes_at:
        return "closed"
    if programme.places_living >= programme.places_max:
        return "full"
    if opens_at is None:
        return "no_lane"
    return "before" if at < opens_at else "open"


@require_POST
@never_cache
def allow(request: Visit, slug: str) -> JsonResponse:
    """Give a signed-in member leave to take a place: a pass, or the code of the reason why not."""
    if not request.user.is_authenticated:
        return JsonResponse({"code": "SIGN_IN"}, status=401)
    answer = leave(_programme(slug), request.user, clock.now())
    if isinstance(answer, NotAdmitted):
        return JsonResponse({"code": answer.code}, status=403)
    return JsonResponse({"pass": answer})


def _own(request: MemberVisit, place_id: UUID) -> Place:
    """Return the visitor's own place; somebody else's is as absent as one that does not exist."""
    return get_object_or_404(Place, pk=place_id, customer_id=request.user.pk)


@login_required
@require_safe
@never_cache
def place(request: MemberVisit, place_id: UUID) -> HttpResponse:
    """Show how the visitor's place stands, and what they can do."""
    (standing,) = queries.standings([_own(request, place_id)])
    programme = standing.programme
    queries.note_seen(standing, clock.now())
    market = programme.drop.channel.market
    credit = Credit.objects.filter(order_id=place_id, means=1, revoked_at=None).first()
    receipts = list(Receipt.objects.filter(place_id=place_id).order_by("at"))
    rules = msgspec.convert(programme.refund_rules, RefundRules)
    returns = standing.returns(rules)
    context = {
        "each": standing,
        "programme": programme,
        "currency": market.currency,
        "ahead": queries.ahead_of(standing.place) if standing.state == "standing" else 0,
        "receipts": receipts,
        "at_stake": sum(each.amount for each in receipts if each.fate in (Fate.HELD, Fate.APPLIED)),
        "loses": not returns,
        # The worker decides a deposit's fate a moment after its place has ended; the rules say already what it will be.
        "fate_to_come": None if standing.living else Fate.RETURNED if returns else Fate.KEPT,
        "refunds": list(Refund.objects.filter(order_id=place_id).order_by("due_at")),
        "means": _means(programme),
        "rest": programme.amount - (credit.amount if credit else 0),
        "rules": rules,
        "balance_days": programme.drop.payment_seconds // 86400,
        "can_withdraw": standing.state in ("held", "standing", "called", "offered"),
    }
    with timezone.override(ZoneInfo(market.time_zone)):
        return render(request, "storefront/place.html", context)


@login_required
@require_POST
def pay(request: MemberVisit, place_id: UUID) -> HttpResponse:
    """Start paying the deposit, and send the buyer to the provider's page."""
    (standing,) = queries.standings([_own(request, place_id)])
    means = chosen(request.POST.get("provider", ""), _means(standing.programme))
    if means is None:
        messages.info(request, _("Choose how you want to pay."))
        return redirect("store:place", place_id)
    begun = deposits.start(place_id, request.user.pk, means.name, clock.now())
    if isinstance(begun, deposits.Refusal):
        messages.error(request, _("The deposit cannot be paid any more. No money was taken; see below how it stands."))
        return redirect("store:place", place_id)
    return redirect("store:payment", begun.pk)


def _means(programme: Programme) -> list[Provider]:
    market = programme.drop.channel.market
    return offered(market.code, programme.deposit_amount, market.currency)


@login_required
@require_POST
def withdraw(request: MemberVisit, place_id: UUID) -> HttpResponse:
    """Give a place up."""
    _own(request, place_id)
    if give_up(place_id, request.user.pk, now=clock.now()) is Answer.WITHDRAWN:
        messages.success(request, _("You have given your place up. It passes on to others."))
    else:
        messages.error(request, _("This place can no longer be given up here; nothing was changed."))
    return redirect("store:place", place_id)


@login_required
@require_safe
def deposit(request: HttpRequest, number: UUID) -> HttpResponse:
    """Lead back from the bank, which knows the deposit by a number of its own."""
    assert isinstance(request.user, Member)
    if not deposits.is_deposit(number):
        raise Http404
    return redirect("store:place", deposits.place_of(number))


def _words() -> dict[str, str]:
    """What the script says, in the reader's language; those in capitals are the gate's codes."""
    return {
        "sending": _("Taking a place…"),
        "repeating": _(
            "Many people at once. Your place keeps its number once it is given, and cannot be given twice. We go on asking by ourselves; leave this page open."
        ),
        "signIn": _("You are not signed in any more. Sign in again; no place was taken."),
        "FULL": _("Every place has been taken. If one is given up, it is offered here again."),
        "OVER_LIMIT": _("You have as many places as one customer may have."),
        "LANE_NOT_OPEN": _("Your lane is not open yet. No place was taken."),
        "NOT_OPEN": _("It has not begun yet. No place was taken."),
        "CLOSED": _("No more places are given."),
        "other": _("That was not understood. No place was taken; reload the page and try again."),
    }
