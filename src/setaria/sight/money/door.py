"""Cash at the door for the staff: what couriers are to collect, what they handed over, what came back."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.written import minor_of
from setaria.sight.money import words
from setaria.sight.money.desk import say, signature
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.aftersales import take_back
from setaria.trade.payments.cash import hand_over as verbs
from setaria.trade.payments.cash.lists import CHARS_MAX, Taken, TooLong, take_list
from setaria.trade.payments.cash.models import Promise
from setaria.trade.payments.models import Remittance

OPEN_MAX, HANDED_MAX, UNSETTLED_MAX = 200, 50, 500
TAKE = "payments.add_remittance"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show what is to be collected, the oldest first, and what was handed over last."""
    return _render(request)


def _render(request: HttpRequest, unsettled: Sequence[tuple[Taken, str]] = (), status: int = 200) -> HttpResponse:
    found = Promise.objects.filter(paid_at=None, closed=False, waived__lt=F("amount")).order_by("at")
    context = {
        "open": found[:OPEN_MAX],
        "count": found.count(),
        "handed": Remittance.objects.order_by("-at")[:HANDED_MAX],
        "may": request.user.has_perm(TAKE),
        "unsettled": unsettled[:UNSETTLED_MAX],
    }
    return render(request, "money/door.html", context, status=status)


@for_staff_who_may(TAKE)
@require_POST
def hand_over_list(request: HttpRequest) -> HttpResponse:
    """Note a courier's list at once, and show the lines that somebody must look at."""
    file = request.FILES.get("file")
    try:
        written = request.POST.get("list", "")
        if file is not None:
            if (file.size or 0) > 4 * CHARS_MAX:
                raise TooLong
            written = file.read().decode("utf-8-sig")
        taken = take_list(
            written,
            reference=request.POST.get("reference", "").replace("\0", ""),
            by=signature(request),
            now=clock.now(),
        )
    except (TooLong, UnicodeDecodeError):
        say(request, False, _("This is no list of orders, or too long a one; nothing was changed."))
        return redirect("money:door")
    noted = sum(each.answer in (verbs.Answer.TAKEN, verbs.Answer.OTHER_AMOUNT) for each in taken)
    text = ngettext("Of %(all)s lines %(n)s is noted.", "Of %(all)s lines %(n)s are noted.", noted)
    say(request, noted == len(taken) > 0, text % {"all": len(taken), "n": noted})
    rest = [each for each in taken if each.answer is not verbs.Answer.TAKEN]
    if not rest:
        return redirect("money:door")
    return _render(request, [(each, words.listed(each.answer)) for each in rest])


@for_staff_who_may(TAKE)
@require_POST
def hand_over(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Note what a courier brought."""
    promise = Promise.objects.filter(order_id=order_id).first()
    amount = minor_of(request.POST.get("amount", ""), promise.currency) if promise else None
    brought = verbs.Brought(order_id, amount or 0, request.POST.get("reference", "").replace("\0", ""))
    [answer] = verbs.hand_over([brought], by=signature(request), now=clock.now())
    say(request, answer in (verbs.Answer.TAKEN, verbs.Answer.OTHER_AMOUNT), words.handed(answer))
    return redirect("money:door")


@for_staff_who_may(TAKE)
@require_POST
def refuse(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Note that the parcel came back."""
    answer = verbs.refuse(
        order_id, reason=request.POST.get("reason", "").replace("\0", ""), by=signature(request), now=clock.now()
    )
    if isinstance(answer, take_back.Taken):
        say(request, True, _("All of the order is taken back; nothing is owed."))
    else:
        say(request, False, words.refused(answer))
    return redirect("money:door")
