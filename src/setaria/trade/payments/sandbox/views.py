"""The bank's own page, where a buyer decides how a sandbox payment goes."""

from decimal import Decimal
from uuid import UUID

from babel.numbers import format_currency, get_currency_precision
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, to_locale
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from setaria.kernel.clock import now
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import ask, rows_of
from setaria.people.members.guests import identities
from setaria.trade.payments.models import Payment
from setaria.trade.payments.sandbox.bank import take
from setaria.trade.payments.sandbox.manners import LATE_SECONDS, Manner, course
from setaria.trade.payments.sandbox.models import Charge
from setaria.trade.payments.sandbox.notification import NAME


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Show a payment to whoever owes it and take it as they choose; everybody else finds nothing here."""
    about: dict[str, Value] = {"payment": payment_id, "provider": NAME}
    payments, charges = ask(
        rows_of(Payment, "WHERE id = %(payment)s AND provider = %(provider)s", about),
        rows_of(Charge, "WHERE payment_id = %(payment)s", about),
    )
    payment: Payment | None = next(iter(payments), None)
    allowed = identities(request, payment.order_id) if payment else []
    if not allowed and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if payment is None or payment.customer_id not in allowed:
        raise Http404
    back = reverse(f"store:{payment.purpose}", args=[payment.order_id])
    if request.method == "POST":
        try:
            manner = Manner(request.POST.get("manner", ""))
        except ValueError:
            return HttpResponseBadRequest("There is no such way to pay.")
        take(payment, manner, now=now())
        return redirect(back)
    charge: Charge | None = next(iter(charges), None)
    back_again = sum(charge.reversals.values_list("amount", flat=True)) if charge else 0
    page = {
        "payment": payment,
        "charge": charge,
        "back": back,
        "amount": _money(charge.amount if charge else payment.amount, payment.currency),
        "sent_back": _money(back_again, payment.currency) if back_again else "",
        "wrong_amount": _money(course(Manner.WRONG_AMOUNT, payment.amount).amount, payment.currency),
        "late_seconds": LATE_SECONDS,
        "manners": {manner.name: manner.value for manner in Manner},
    }
    return render(request, "sandbox/pay.html", page)


def _money(amount: int, currency: str) -> str:
    """Write minor units as an amount in the reader's language."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return str(format_currency(value, currency, locale=to_locale(get_language() or "zh-hans")))
