"""Being told when something is back or a drop opens: asking, and the page that every message links to."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from setaria.channels.storefront import queries
from setaria.channels.storefront.visit import Visit
from setaria.kernel import clock
from setaria.kernel.origin import origin_of
from setaria.trade.alerts import ask
from setaria.trade.alerts.models import Alert
from setaria.trade.drops.models import Drop


class EmailForm(forms.Form):
    """Where the message goes."""

    email = forms.EmailField(max_length=254)


def path_of(alert_id: UUID) -> str:
    """Return the address of an alert's own page, which only its messages know."""
    return reverse("store:alert", args=[ask.token_of(ask.key_from(settings.SECRET_KEY), alert_id)])


@require_POST
def want(request: Visit) -> HttpResponse:
    """Note that somebody wants to be told of a sold-out variant (`sku`) or a drop that comes (`drop`)."""
    sku = request.POST.get("sku", "")
    if sku:
        variant = queries.variants_by_sku([sku]).get(sku)
        if variant is None or request.channel is None or not request.market.sells:
            messages.error(request, _("There is no such product here any more."))
            return redirect("store:home")
        back = f"{variant.product.get_absolute_url()}?sku={variant.sku}"
        shelf = queries.shelf(request, clock.now())
        if queries.offers_of([variant], shelf)[variant.pk].for_sale:
            messages.success(request, _("It is in stock right now."))
            return redirect(back)
        return _note(request, back, channel_id=request.channel.pk, variant_id=variant.pk)
    drop = Drop.objects.filter(slug=request.POST.get("drop", "").replace("\x00", "")).first()
    if drop is None or drop.admission == Drop.Admission.PLACES:
        messages.error(request, _("There is no such sale."))
        return redirect("store:home")
    if drop.opens_at <= clock.now():
        messages.success(request, _("The sale has opened already."))
        return redirect(drop)
    return _note(request, drop.get_absolute_url(), channel_id=drop.channel_id, drop_id=drop.pk)


def _note(
    request: Visit, back: str, *, channel_id: int, variant_id: int | None = None, drop_id: int | None = None
) -> HttpResponse:
    member = request.user if request.user.is_authenticated else None
    # Who signs in by telephone number may have no address with us.
    form = EmailForm({"email": member.email} if member is not None and member.email else request.POST)
    if not form.is_valid():
        messages.error(request, _("Write an email address, for example name@example.com. Nothing was noted."))
        return redirect(back)
    email = form.cleaned_data["email"]
    known = member is not None and EmailAddress.objects.filter(user=member, email=email, verified=True).exists()
    wanted = ask.Wanted(
        channel_id, email, get_language() or settings.LANGUAGE_CODE, _origin(request), variant_id,
        drop_id, member.pk if member else None, known,
    )  # fmt: skip
    try:
        ask.ask(wanted, path_of, now=clock.now())
    except ask.Full:
        messages.error(
            request, _("You wait for %(max)d things already. Stop one of them first.") % {"max": ask.ALERTS_MAX}
        )
        return redirect(back)
    if known:
        messages.success(request, _("Noted. You get one message, to %(email)s.") % {"email": wanted.email})
    else:
        messages.success(
            request,
            _("We have sent a message to %(email)s. Press its button to say that it was you; then it is noted.")
            % {"email": wanted.email},
        )
    return redirect(back)


def _origin(request: HttpRequest) -> str:
    meta = request.META
    address = origin_of(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)
    return ask.origin_of(settings.SECRET_KEY, str(address)) if address else ""


@csrf_exempt  # the link is the authority, and mail programs unsubscribe without a page of ours
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: Visit, token: str) -> HttpResponse:
    """Show what is noted, to confirm it or stop it; whoever looks only changes nothing (mail scanners look)."""
    alert = ask.alert_of(ask.key_from(settings.SECRET_KEY), token)
    if alert is None:
        return render(request, "storefront/alert.html", {"alert": None}, status=404)
    if request.method == "POST":
        return _act(request, alert)
    waiting = Alert.objects.filter(email=alert.email, told_at=None).exclude(pk=alert.pk).count()
    return render(request, "storefront/alert.html", {"alert": alert, "more": waiting})


def _act(request: Visit, alert: Alert) -> HttpResponse:
    if "confirm" in request.POST:
        ask.confirm(alert.pk, now=clock.now())
        messages.success(request, _("Noted. You get one message, to %(email)s.") % {"email": alert.email})
        return redirect(path_of(alert.pk))
    if "stop" in request.POST:
        ask.stop(alert.pk)
    else:  # "all", and mail programs' one click
        ask.stop_all(alert.email)
    return render(request, "storefront/alert.html", {"stopped": True})
