"""Gift cards for the staff: those issued last, issuing one, blocking one and lifting that."""

from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from setaria.kernel import clock
from setaria.people.members.models import Member
from setaria.sight.money.desk import dressed, say, signature
from setaria.sight.money.forms import CardForm
from setaria.sight.staff import for_staff, for_staff_who_may
from setaria.trade.giftcards import block as blocking
from setaria.trade.giftcards.issue import card_of, issue
from setaria.trade.giftcards.models import Block, Card

SHOWN_MAX = 100
ISSUE, BLOCK = "giftcards.add_card", "giftcards.add_block"


@for_staff
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the cards issued last."""
    return _render(request, CardForm())


@for_staff_who_may(BLOCK)
@require_POST
@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """Show the card whose code was typed; the code itself is in no address."""
    card = card_of(request.POST.get("code", "")[:64])
    if card is None:
        say(request, False, _("No card has this code."))
        return redirect("money:cards")
    return _render(request, CardForm(), only=card)


@for_staff_who_may(ISSUE)
@require_POST
@never_cache
def make(request: HttpRequest) -> HttpResponse:
    """Issue a card and show its code, once."""
    form = CardForm(request.POST)
    amount = form.minor("amount") if form.is_valid() else None
    member = (
        Member.objects.filter(email=form.cleaned_data["to"].lower(), guest=None).first() if form.is_valid() else None
    )
    if form.is_valid() and form.cleaned_data["to"] and member is None:
        form.add_error("to", _("No member has this address."))
    if form.is_valid() and not amount:
        form.add_error("amount", _("A card has an amount."))
    if not form.is_valid():
        return _render(request, form, status=422)
    data = form.cleaned_data
    card, code = issue(
        data["market"], amount or 0, why=data["why"], by=signature(request), now=clock.now(), sold=data["sold"],
        member_id=member.pk if member else None,
    )  # fmt: skip
    return _render(request, CardForm(), made=card, code=code)


@for_staff_who_may(BLOCK)
@require_POST
def block(request: HttpRequest, card: UUID) -> HttpResponse:
    """Let a card pay nothing."""
    answer = blocking.block(
        card, why=request.POST.get("why", "").replace("\0", ""), by=signature(request), now=clock.now()
    )
    texts = {
        blocking.Answer.DONE: _("The card is blocked; what is on it stays."),
        blocking.Answer.UNKNOWN: _("It is blocked already; nothing was changed."),
        blocking.Answer.UNSIGNED: _("Say why; nothing was changed."),
    }
    say(request, answer is blocking.Answer.DONE, texts[answer])
    return redirect("money:cards")


@for_staff_who_may(BLOCK)
@require_POST
def lift(request: HttpRequest, card: UUID) -> HttpResponse:
    """Let a blocked card pay again."""
    done = blocking.lift(card, by=signature(request), now=clock.now()) is blocking.Answer.DONE
    say(request, done, _("The card pays again.") if done else _("It is not blocked; nothing was changed."))
    return redirect("money:cards")


def _render(
    request: HttpRequest, form: CardForm, *, status: int = 200, made: Card | None = None, code: str = "",
    only: Card | None = None,
) -> HttpResponse:  # fmt: skip
    found = Card.objects.select_related("market", "member").order_by("-issued_at", "-pk")
    if only is not None:
        found = found.filter(pk=only.pk)
    open_blocks = Prefetch("blocks", Block.objects.filter(lifted_at=None), to_attr="blocked")
    context = {
        "cards": found.prefetch_related(open_blocks)[:SHOWN_MAX],
        "only": only,
        "made": made,
        "code": code,
        "form": dressed(form),
        "may_issue": request.user.has_perm(ISSUE),
        "may_block": request.user.has_perm(BLOCK),
    }
    return render(request, "money/cards.html", context, status=status)
