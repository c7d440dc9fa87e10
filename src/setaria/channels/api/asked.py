"""One request to the API: where it is asked, in which language, and as whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from uuid import UUID

import msgspec
from allauth.core.ratelimit import consume
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from setaria.channels.storefront import guest, queries, visitor
from setaria.channels.storefront.directory import Known, origin
from setaria.channels.storefront.models import Storefront
from setaria.kernel.origin import origin_of
from setaria.kernel.seals import BadSeal
from setaria.markets.models import Channel, Market
from setaria.trade.baskets.keep import Owner
from setaria.trade.guard import meet
from setaria.trade.guard.address import Origin


class Call(msgspec.Struct, frozen=True):
    """A request as it came: header names in small letters, the address it came from."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    peer: str = ""


class BadToken(Exception):
    """A token was sent that is not ours, or has lapsed."""


class Asked:
    """A request in its place. `member_id` is who is signed in; None for a guest.

    Has what the shop window goes by (`Whereabouts`): storefront, market, channel and the version of the terms.
    """

    def __init__(
        self, call: Call, known: Known, market: Market, channel: Channel | None, *, version: int,
        member_id: int | None, now: datetime,
    ) -> None:  # fmt: skip
        self.call, self.known, self.market, self.channel = call, known, market, channel
        self.version, self.member_id, self.now = version, member_id, now

    @property
    def storefront(self) -> Storefront:
        """The store at this host."""
        return self.known.storefront

    @cached_property
    def shelf(self) -> queries.Shelf:
        """What is sold here and now."""
        return queries.shelf(self, self.now)

    @cached_property
    def query(self) -> QueryDict:
        """The query, read."""
        return QueryDict(self.call.query)

    @cached_property
    def origin(self) -> str:
        """Where the store is: scheme and host."""
        return origin(self.storefront)

    @cached_property
    def owner(self) -> Owner:
        """Whose basket it is about; raises BadToken."""
        if self.member_id is not None:
            return Owner(member_id=self.member_id)
        token = self.call.headers.get("x-basket-token")
        if not token:
            return Owner()
        try:
            return Owner(basket_id=visitor.opened_by(token))
        except BadSeal as error:
            raise BadToken from error

    def keep_basket(self, basket_id: UUID) -> None:
        """Go on with an anonymous basket that has just been made."""
        self.owner = Owner(basket_id=basket_id)

    @property
    def address(self) -> str:
        """Where it comes from, behind our own proxies."""
        meta = self._as_page.META
        return str(origin_of(meta["REMOTE_ADDR"], meta["HTTP_X_FORWARDED_FOR"], settings.TRUSTED_PROXIES) or "")

    def comes_from(self, drop_id: int) -> Origin | None:
        """Return the marks of where it comes from, as a drop's guard counts them."""
        return meet.origin(self._as_page.META, drop_id)

    @property
    def language(self) -> str | None:
        """The language it is answered in."""
        return translation.get_language()

    def market_of(self, market_id: int) -> Market:
        """Return a market: an order's may be another than the one at hand."""
        known = next((place.market for place in self.known.places if place.market.pk == market_id), None)
        return known or Market.objects.get(pk=market_id)

    def customers_of(self, order_id: UUID) -> list[int]:
        """Return as whom this order may be seen: the member, the guest whose token was sent. Raises BadToken."""
        mine = [] if self.member_id is None else [self.member_id]
        token = self.call.headers.get("x-order-token")
        if not token:
            return mine
        try:
            of, guest_id = guest.opened_by(token, self.now)
        except BadSeal as error:
            raise BadToken from error
        return [*mine, guest_id] if of == order_id else mine

    def allowed(self, action: str, *, key: str | None = None, dry_run: bool = False) -> bool:
        """Count a try against the limits that the pages' own tries count against; False when there were too many."""
        return consume(self._as_page, action=action, key=key, dry_run=dry_run)

    @property
    def _as_page(self) -> HttpRequest:
        """The little of a Django request that counting goes by: where it comes from."""
        request = HttpRequest()
        forwarded = self.call.headers.get("x-forwarded-for", "")
        request.META = {"REMOTE_ADDR": self.call.peer, "HTTP_X_FORWARDED_FOR": forwarded}
        return request


def language_of(header: str, languages: Sequence[str], market: str) -> str:
    """Return the language to answer in: the first of those asked for that the store speaks, else the market's."""
    return _language(header[:200], tuple(languages), market)


@lru_cache(maxsize=1_000)
def _language(header: str, languages: tuple[str, ...], market: str) -> str:
    supported = dict(settings.LANGUAGES)
    for wanted in [*(code for code, _ in parse_accept_lang_header(header)), market]:
        try:
            found = translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
        if found in languages and found in supported:
            return found
    return languages[0]
