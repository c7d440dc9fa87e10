"""An order's money for the staff: what was paid, what came back, and taking back part of it. Signed by who is signed in."""

from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.channels.storefront.queries import variants_by_id
from setaria.goods.catalog.models import Variant
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.kernel.written import money_parts
from setaria.people.members.models import Member
from setaria.people.notices.bounces import bounce_of
from setaria.sight.money import words
from setaria.sight.money.desk import say, signature
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.aftersales.queries import Left, left_of, returns_of
from setaria.trade.aftersales.take_back import REASON_CHARS_MAX, Taken, Wish, take_back
from setaria.trade.books.queries import story_of
from setaria.trade.orders.models import Charge, Order, Settlement, Status
from setaria.trade.orders.promising import PROMISING
from setaria.trade.payments import refund as refunds
from setaria.trade.payments.models import Refund, Remittance

REFUND = "aftersales.add_return"


class Row(msgspec.Struct, frozen=True):
    """A line with what it is, and what is left of it."""

    left: Left
    variant: Variant | None


@for_staff
@require_safe
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the order whose number was typed; where none was, ask for it."""
    if not request.GET.get("number", "").strip():
        return render(request, "money/find.html")
    try:
        return redirect("money:order", UUID(request.GET.get("number", "").strip()))
    except ValueError:
        messages.error(request, _("That is no order's number."))
        return redirect("money:cases")


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show an order's money, and the form to take part of it back."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise Http404
    lines = left_of(order_id)
    variants = variants_by_id([each.line.variant_id for each in lines])
    context = {
        "order": order,
        "rows": [Row(each, variants.get(each.line.variant_id)) for each in lines],
        "returns": returns_of(order_id),
        "refunds": list(Refund.objects.filter(order_id=order_id).order_by("due_at")),
        "settlements": [
            (each, each.provider in PROMISING) for each in Settlement.objects.filter(order_id=order_id).order_by("at")
        ],
        "remittances": list(Remittance.objects.filter(order_id=order_id)),
        "shipping": Charge.objects.filter(order_id=order_id, line=None).exists(),
        "story": [
            (
                told.entry.at,
                words.entry(told.entry.source),
                [(account.label, max(amount, 0), max(-amount, 0)) for account, amount, _kind in told.lines],
            )
            for told in story_of(order_id)
        ],
        "bounce": bounce_of(order.customer_id),
        "open": request.user.has_perm(REFUND) and order.status == Status.PAID and any(each.left for each in lines),
        "return_id": new_id(),
        "reason_max": REASON_CHARS_MAX,
    }
    return render(request, "money/order.html", context)


@for_staff_who_may(REFUND)
@require_POST
def refund(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Take back what the form says."""
    assert isinstance(request.user, Member), "staff has signed in"
    wish = _read(request, order_id, request.user)
    if wish is None:
        messages.error(request, _("That was not understood; nothing was changed."))
        return redirect("money:order", order_id)
    answer = take_back(wish, now=now())
    if isinstance(answer, Taken):
        sign, digits = money_parts(answer.amount, answer.currency, request.LANGUAGE_CODE)
        messages.success(request, _("%(sum)s goes back to the buyer.") % {"sum": sign + digits})
    else:
        messages.error(request, words.refused(answer))
    return redirect("money:order", order_id)


def _read(request: HttpRequest, order_id: UUID, member: Member) -> Wish | None:
    try:
        units = {
            int(name.removeprefix("units-")): int(str(value or 0))
            for name, value in request.POST.items()
            if name.startswith("units-")
        }
        if any(abs(n) > 10**6 for pair in units.items() for n in pair):
            return None
        return Wish(
            UUID(request.POST.get("return_id", "")), order_id, units, request.POST.get("reason", "").replace("\0", ""),
            by=member.email or "", shipping="shipping" in request.POST, restock=request.POST.get("stock") == "again",
        )  # fmt: skip
    except ValueError:
        return None


@for_staff_who_may(REFUND)
@require_POST
def paid_by_bank(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Note that a refund which its provider refuses was paid by bank transfer."""
    note = request.POST.get("note", "").replace("\0", "")
    answer = refunds.paid_by_bank(refund_id, note=note, by=signature(request), now=now())
    texts = {
        refunds.Answer.NOTED: _("The refund is noted as paid, and its case is resolved."),
        refunds.Answer.UNKNOWN: _("It was sent, or its provider has not refused it; nothing was changed."),
        refunds.Answer.UNSIGNED: _("Say in a few words what was done; nothing was changed."),
    }
    say(request, answer is refunds.Answer.NOTED, texts[answer])
    return redirect("money:cases")
