"""A member's own page: orders, name, addresses."""

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from setaria.channels.storefront import early, friend_code, queries
from setaria.channels.storefront.forms import AddressForm, NameForm, country_of
from setaria.channels.storefront.order import OrderedLine
from setaria.channels.storefront.visit import MemberVisit
from setaria.kernel.clock import now
from setaria.people.members import addresses, levels
from setaria.people.members.models import Address
from setaria.people.notices.models import Device
from setaria.trade.aftersales.queries import units_returned
from setaria.trade.draws.queries import offers_of
from setaria.trade.orders.models import Line, Order, Status
from setaria.trade.payments.disputes import given_back
from setaria.trade.payments.promised import owed
from setaria.trade.preorders.queries import own_places

PAGE_ORDERS_MAX = 10


class Summary(msgspec.Struct, frozen=True):
    """An order in the list."""

    order: Order
    lines: tuple[OrderedLine, ...]
    at_door: int | None = None  # to be paid there (minor units); None where nothing is promised
    returned: int = 0  # of its units
    given_back: int = 0  # by the buyer's bank, minor units

    @property
    def gone(self) -> bool:
        """Whether it was paid and all of it taken back since."""
        return self.order.status == Status.PAID and self.returned >= self.units

    @property
    def lost(self) -> bool:
        """Whether it was paid and the buyer's bank gave all of that back."""
        return self.order.status == Status.PAID and 0 < self.order.total <= self.given_back

    @property
    def units(self) -> int:
        """How many units it has in all."""
        return sum(line.line.quantity for line in self.lines)


@never_cache
@login_required
@require_safe
def page(request: MemberVisit) -> HttpResponse:
    """Show the member's orders, newest first, and what we know of the member."""
    orders = Order.objects.filter(customer_id=request.user.pk).order_by("-placed_at", "-id")
    at = now()
    found = Paginator(orders, PAGE_ORDERS_MAX).get_page(request.GET.get("page"))
    return render(
        request,
        "storefront/account.html",
        {
            "page": found,
            "orders": _summaries(list(found)),
            "places": own_places(request.user.pk),
            "codes": friend_code.listed(request.user, at),
            "drawn": offers_of(request.user.pk, at),
            "addresses": list(Address.objects.filter(member_id=request.user.pk)),
            "form": NameForm(initial={"name": request.user.name}),
            "level": levels.standing(request.user.fan_points),
            "devices": list(Device.objects.filter(member_id=request.user.pk).order_by("added_at", "id")),
            "opening": early.coming(request.user, at),
            "Status": Status,
        },
    )


def _summaries(orders: list[Order]) -> list[Summary]:
    """Return the orders with their lines and what those are; six queries however many there are."""
    paid = [o.pk for o in orders if o.status == Status.PAID]
    promised, returned, lost = owed(paid), units_returned(paid), given_back(paid)
    lines = list(Line.objects.filter(order_id__in=[o.pk for o in orders]).order_by("order_id", "position"))
    variants = queries.variants_by_id([line.variant_id for line in lines])
    by_order: dict[object, list[OrderedLine]] = {}
    for line in lines:
        by_order.setdefault(line.order_id, []).append(OrderedLine(line, variants.get(line.variant_id)))
    return [
        Summary(
            order, tuple(by_order.get(order.pk, ())), promised.get(order.pk), returned.get(order.pk, 0),
            lost.get(order.pk, 0),
        )
        for order in orders
    ]  # fmt: skip


@login_required
@require_POST
def rename(request: MemberVisit) -> HttpResponse:
    """Keep what the member likes to be called."""
    form = NameForm(request.POST)
    if form.is_valid():
        request.user.name = form.cleaned_data["name"]
        request.user.save(update_fields=["name"])
        messages.success(request, _("Your name is kept."))
    else:
        messages.error(request, _("A name has at most 80 characters. It is as it was."))
    return redirect("store:account")


@login_required
@require_POST
def forget_address(request: MemberVisit, address_id: int) -> HttpResponse:
    """Forget one of the member's own addresses; orders already placed keep theirs."""
    if address_id < 2**63 and addresses.forget(request.user.pk, address_id):
        messages.success(request, _("The address is forgotten. Orders already placed keep theirs."))
    return redirect("store:account")


@login_required
@require_POST
def prefer_address(request: MemberVisit, address_id: int) -> HttpResponse:
    """Offer one of the member's own addresses first from now on."""
    if address_id < 2**63 and addresses.prefer(request.user.pk, address_id):
        messages.success(request, _("This address is offered first from now on."))
    return redirect("store:account")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_address(request: MemberVisit) -> HttpResponse:
    """Keep an address of the market one is in, without ordering."""
    form = AddressForm(country_of(request.market), request.POST or None)
    if request.method == "POST" and form.is_valid():
        addresses.remember(request.user.pk, now=now(), **form.address())
        messages.success(request, _("The address is kept."))
        return redirect("store:account")
    return render(request, "storefront/address.html", {"form": form}, status=422 if form.errors else 200)
