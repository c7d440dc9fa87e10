"""Cash at the door for the staff: what couriers are to collect, what they handed over, what came back."""

from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.written import minor_of
from setaria.sight.money import words
from setaria.sight.money.desk import say, signature
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.aftersales.take_back import Taken
from setaria.trade.payments.cash import hand_over as verbs
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.models import Remittance

OPEN_MAX, HANDED_MAX = 200, 50
TAKE = "payments.add_remittance"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show what is to be collected, the oldest first, and what was handed over last."""
    found = Promise.objects.filter(paid_at=None, closed=False, waived__lt=F("amount")).order_by("at")
    context = {
        "open": found[:OPEN_MAX],
        "count": found.count(),
        "handed": Remittance.objects.order_by("-at")[:HANDED_MAX],
        "may": request.user.has_perm(TAKE),
    }
    return render(request, "money/door.html", context)


@for_staff_who_may(TAKE)
@require_POST
def hand_over(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Note what a courier brought."""
    promise = Promise.objects.filter(order_id=order_id).first()
    amount = minor_of(request.POST.get("amount", ""), promise.currency) if promise else None
    answer = verbs.hand_over(
        order_id, amount or 0, reference=request.POST.get("reference", "").replace("\0", ""), by=signature(request),
        now=clock.now(),
    )  # fmt: skip
    say(request, answer in (verbs.Answer.TAKEN, verbs.Answer.OTHER_AMOUNT), words.handed(answer))
    return redirect("money:door")


@for_staff_who_may(TAKE)
@require_POST
def refuse(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Note that the parcel came back."""
    answer = verbs.refuse(
        order_id, reason=request.POST.get("reason", "").replace("\0", ""), by=signature(request), now=clock.now()
    )
    if isinstance(answer, Taken):
        say(request, True, _("All of the order is taken back; nothing is owed."))
    else:
        say(request, False, words.refused(answer))
    return redirect("money:door")
