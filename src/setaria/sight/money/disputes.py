"""Disputes for the staff: which are open, how the others ended, and ending one whose provider does not tell."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.written import minor_of
from setaria.sight.money.desk import say, signature
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.payments import disputes as verbs
from setaria.trade.payments.models import Dispute

OPEN_MAX, ENDED_MAX = 200, 50
END = "payments.change_dispute"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the open ones, the oldest first, and those that ended last."""
    context = {
        "open": Dispute.objects.filter(ended_at=None).order_by("opened_at")[:OPEN_MAX],
        "ended": Dispute.objects.exclude(ended_at=None).order_by("-ended_at")[:ENDED_MAX],
        "may": request.user.has_perm(END),
    }
    return render(request, "money/disputes.html", context)


@for_staff_who_may(END)
@require_POST
def end(request: HttpRequest, dispute: UUID) -> HttpResponse:
    """End one as won or lost."""
    found = get_object_or_404(Dispute, pk=dispute)
    fee, outcome = minor_of(request.POST.get("fee") or "0", found.currency), request.POST.get("outcome", "")
    note = request.POST.get("note", "").replace("\0", "") if fee is not None and outcome in ("won", "lost") else ""
    answer = verbs.end(dispute, won=outcome == "won", fee=fee or 0, note=note, by=signature(request), now=clock.now())
    texts = {
        verbs.Answer.ENDED: _("The dispute has ended."),
        verbs.Answer.UNKNOWN: _("It has ended already; nothing was changed."),
        verbs.Answer.UNSIGNED: _("Say how it ended and why; nothing was changed."),
    }
    say(request, answer is verbs.Answer.ENDED, texts[answer])
    return redirect("money:disputes")
