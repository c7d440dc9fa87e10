"""Whose things they are: a member's, or of whoever carries the sealed cookie of an anonymous basket.

The cookie holds nothing but the basket's id. It is set with the first thing one keeps, and is of no use to anybody
once that basket was joined into an account's.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from setaria.kernel import clock, seals
from setaria.kernel.seals import BadSeal, Seal
from setaria.people.members.models import Member
from setaria.trade.baskets.forget import KEPT
from setaria.trade.baskets.keep import Owner
from setaria.trade.baskets.merge import merge

COOKIE = "visitor"
HEADER = "X-Basket-Token"  # where an app carries what a browser has in the cookie
RENEWED_AFTER = timedelta(days=1)

_SEAL = Seal(">16s")


def owner_of(request: HttpRequest) -> Owner:
    """Return whose basket a request is about."""
    member = getattr(request, "user", None)
    if member is not None and member.is_authenticated:
        return Owner(member_id=member.pk)
    return Owner(basket_id=_carried(request))


def keep_cookie(request: HttpRequest, response: HttpResponse, basket_id: UUID) -> HttpResponse:
    """Let an anonymous visitor keep the basket for as long as we do."""
    if owner_of(request).member_id is None:
        response.set_cookie(
            COOKIE,
            token_of(basket_id),
            max_age=KEPT,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
    return response


def token_of(basket_id: UUID) -> str:
    """Return what an anonymous basket is opened by."""
    return _SEAL.close(_key(), basket_id.bytes)


def opened_by(token: str) -> UUID:
    """Return the anonymous basket that a token opens; raises BadSeal."""
    (raw,) = _SEAL.open(_key(), token)
    return UUID(bytes=raw)


def _carried(request: HttpRequest) -> UUID | None:
    """The basket of the cookie, or of an app that signs in and says which was its own."""
    try:
        return opened_by(request.COOKIES.get(COOKIE) or request.headers.get(HEADER, ""))
    except BadSeal:
        return None


def _key() -> bytes:
    return seals.key_from(settings.SECRET_KEY, "setaria.baskets.owner.v1")


def join(request: HttpRequest | None, user: Member, **_signal: Any) -> None:
    """At sign-in, make what was kept without an account the account's."""
    basket_id = _carried(request) if request is not None else None
    if request is None or basket_id is None:
        return
    if left_out := merge(basket_id, user.pk, now=clock.now()):
        messages.warning(
            request, _("Not everything found room in your basket; left out: %(count)d.") % {"count": left_out}
        )


user_logged_in.connect(join, dispatch_uid="setaria.storefront.join_baskets")
