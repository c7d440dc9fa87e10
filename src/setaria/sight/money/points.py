"""A member's points for the staff: the ledger, and a correction with its reason."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.ids import new_id
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.sight.money import words
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import PointsForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.points import correct as verbs
from setaria.trade.points.models import Account, Entry, Recall

ENTRIES_MAX = 200
CORRECT = "points.add_entry"


@for_staff
@require_safe
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Ask for an address, or lead to the points of the member who has it."""
    written = request.GET.get("email", "").strip().lower().replace("\0", "")
    if written:
        member = Member.objects.filter(email=written, guest=None).first()
        if member is not None:
            return redirect("money:points_of", member.pk)
        say(request, False, _("No member has this address."))
    return render(request, "money/points_find.html", {"written": written})


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show a member's points in each market, and where they came from and went."""
    return _render(request, member_id, PointsForm(initial={"id": new_id()}))


@for_staff_who_may(CORRECT)
@require_POST
def correct(request: HttpRequest, member_id: int) -> HttpResponse:
    """Give or take what the form says."""
    form = PointsForm(request.POST)
    if not form.is_valid():
        return _render(request, member_id, form, status=422)
    data = form.cleaned_data
    answer = verbs.correct(
        data["id"],
        member_id,
        data["market"].pk,
        data["amount"],
        note=data["note"],
        by=signature(request),
        now=clock.now(),
    )
    say(request, answer is verbs.Answer.CORRECTED, words.corrected(answer))
    return redirect("money:points_of", member_id)


def _render(request: HttpRequest, member_id: int, form: PointsForm, status: int = 200) -> HttpResponse:
    markets = {market.pk: market for market in Market.objects.all()}
    member = Member.objects.filter(pk=member_id).first()
    entries = Entry.objects.filter(member_id=member_id).order_by("-at", "-kind")[:ENTRIES_MAX]
    owing: dict[int, int] = {}
    for market, amount, taken in Recall.objects.filter(member_id=member_id).values_list("market_id", "amount", "taken"):
        owing[market] = owing.get(market, 0) + amount - taken
    context: dict[str, Any] = {
        "member": member,
        "member_id": member_id,
        "accounts": [
            (markets[each.market_id], each.balance, owing.get(each.market_id, 0))
            for each in Account.objects.filter(member_id=member_id).order_by("market_id")
        ],
        "entries": [(each, words.points(each.kind), markets[each.market_id]) for each in entries],
        "form": dressed(form),
        "may": request.user.has_perm(CORRECT),
    }
    return render(request, "money/points.html", context, status=status)
