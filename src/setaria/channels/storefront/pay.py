"""Paying by the means the buyer chose: the provider's step, the way back, and a page for when it does not answer."""

from io import BytesIO
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from setaria.channels.storefront.markup import money
from setaria.channels.storefront.visit import MemberVisit
from setaria.kernel import clock
from setaria.kernel.origin import origin_of
from setaria.kernel.questions import ask, rows_of
from setaria.people.members.guests import identities
from setaria.trade.payments import providers
from setaria.trade.payments.begin import begin, hurry
from setaria.trade.payments.models import Payment
from setaria.trade.payments.providers import Provider
from setaria.trade.payments.words import Device, Down, Refused
from setaria.trade.preorders.money import wanted

RETRY_SECONDS = 10
CODE_CHARS_MAX = 128
_WITHIN = {"MicroMessenger": "wechat", "AlipayClient": "alipay"}  # how apps' own browsers name themselves


def chosen(wish: str, means: list[Provider]) -> Provider | None:
    """Return the provider a buyer named; the only one where there is no choice, None where there is."""
    if not wish and len(means) == 1:
        return means[0]
    return next((each for each in means if each.name == wish), None)


@never_cache
@require_safe
def page(request: MemberVisit, payment_id: UUID) -> HttpResponse:
    """Open a payment at its provider and show, or lead to, what its buyer does next."""
    payment = _payment(payment_id)
    if payment is None or not (allowed := identities(request, payment.order_id)):
        return _turn_away(request)
    if payment.customer_id not in allowed:
        raise Http404
    back = reverse("store:payment_back", args=[payment.pk])
    if payment.status != Payment.Status.STARTED or not wanted(payment, now=clock.now()):
        return redirect(_target(payment))
    provider = providers.get(payment.provider)
    context = {"payment": payment, "provider": provider, "back": back, "target": _target(payment)}
    try:
        step = begin(payment, device_of(request))
    except Down:
        answer = render(request, "storefront/pay_down.html", context, status=503)
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer
    except Refused:
        messages.error(
            request, _("This means of payment cannot be used for this amount. Nothing was charged; choose another.")
        )
        return redirect(_target(payment))
    if step.url.startswith("/"):
        return redirect(step.url)
    label = _("Pay %(sum)s") % {"sum": money(payment.amount, payment.currency)}
    context |= {"next": step, "pay_label": SafeString(label), "picture": _picture(step.code)}
    answer = render(request, "storefront/pay.html", context)
    answer.origins = step.origins  # type: ignore[attr-defined]
    if step.url:
        answer.headers["Referrer-Policy"] = "origin"  # WeChat opens only for a shop it knows
    return answer


def device_of(request: HttpRequest) -> Device:
    """Read off a request on what its buyer pays."""
    agent, meta = request.headers.get("user-agent", ""), request.META
    from_ = origin_of(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)
    within = next((name for mark, name in _WITHIN.items() if mark in agent), "")
    code = request.GET.get("code", "")[:CODE_CHARS_MAX]
    return Device(phone="Mobi" in agent, within=within, address=str(from_ or ""), code=code)


@never_cache
@require_safe
def back(request: MemberVisit, payment_id: UUID) -> HttpResponse:
    """Bring a buyer back from paying: the worker asks at once, and the order's page looks until it knows."""
    payment = _payment(payment_id)
    if payment is None or payment.customer_id not in identities(request, payment.order_id):
        return _turn_away(request)
    hurry(payment, now=clock.now())
    return redirect(_target(payment))


def _payment(payment_id: UUID) -> Payment | None:
    [found] = ask(rows_of(Payment, "WHERE id = %(payment)s", {"payment": payment_id}))
    return found[0] if found else None


def _turn_away(request: MemberVisit) -> HttpResponse:
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.get_full_path())


def _target(payment: Payment) -> str:
    return reverse(f"store:{payment.purpose}", args=[payment.order_id])


def _picture(code: str) -> SafeString | None:
    """Draw a code to be scanned, as SVG; black on white whatever the page's colours, or no camera reads it."""
    if not code:
        return None
    import qrcode
    from qrcode.image.svg import SvgPathFillImage

    drawn = BytesIO()
    qrcode.make(code, image_factory=SvgPathFillImage, border=3).save(drawn)
    return SafeString(drawn.getvalue().decode().partition("?>")[2])
