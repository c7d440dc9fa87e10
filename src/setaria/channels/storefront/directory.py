"""Which storefronts there are, in which markets, and which of them an address means.

An address is `/`, then the storefront's path if it has one, then a place such as `en-in` if the address names language
and market itself (what search engines are given), then the page.
"""

import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.conf import settings
from django.db.models import FilteredRelation, Q

from setaria.channels.storefront.models import Listed, Storefront
from setaria.goods.catalog.models import Product
from setaria.kernel.texts import LANGUAGES
from setaria.markets.models import Channel, Market

LINE = {
    "zh-hans": "我们卖自己做的东西。同一份库存，同一个价格，在哪里都一样。",
    "en": "We sell what we make. One stock and one price, the same in every place we sell.",
}


class Place(NamedTuple):
    """A market, and the web channel the storefront has there, if any."""

    market: Market
    channel: Channel | None


class Known(NamedTuple):
    """A storefront and where it is, markets that sell first."""

    storefront: Storefront
    places: list[Place]

    @property
    def languages(self) -> list[str]:
        """The languages it speaks, its first choice first."""
        return list(self.storefront.languages or LANGUAGES)


class Standing(NamedTuple):
    """What an address means: the storefront, the part of the path that leads to it, the rest, and what is named."""

    known: Known
    home: str
    rest: str
    language: str | None = None
    place: Place | None = None

    @property
    def segment(self) -> str:
        """The part of the path that names language and market."""
        return f"{named(self.language, self.place.market)}/" if self.language and self.place else ""


def named(language: str, market: Market) -> str:
    """Return the part of an address that names a language and a market: `en-in`."""
    return f"{language}-{market.code}"


def _load() -> list[Known]:
    """Read all storefronts and their markets; two queries."""
    web = FilteredRelation("channels", condition=Q(channels__kind=Channel.Kind.WEB))
    # django-stubs does not know that a filtered relation can be followed.
    rows = Market.objects.annotate(web=web).select_related("web__presence")  # type: ignore[misc]
    by_storefront: dict[int | None, dict[int, Place]] = {}
    for market in rows.order_by("-mode", "id", "web__id"):  # "sell" before "inform"
        channel = getattr(market, "web", None)
        owner = channel.presence.storefront_id if channel and hasattr(channel, "presence") else None
        by_storefront.setdefault(owner, {}).setdefault(market.pk, Place(market, channel))
        # A market all whose channels others have is still one to look at.
        by_storefront.setdefault(None, {}).setdefault(market.pk, Place(market, None))
        if owner is None and by_storefront[None][market.pk].channel is None:
            by_storefront[None][market.pk] = Place(market, channel)
    everywhere = list(by_storefront.get(None, {}).values())
    found = [Known(s, list(by_storefront.get(s.pk, {}).values()) or everywhere) for s in Storefront.objects.all()]
    if not any(known.storefront.domain == known.storefront.path == "" for known in found):
        found.insert(0, Known(first(), everywhere))
    return found


def first() -> Storefront:
    """Return the storefront nobody had to write down: everything, everywhere."""
    return Storefront(code="", name={"en": settings.BRAND}, line=LINE)


_kept: tuple[float, list[Known]] = (0.0, [])


def all_known() -> list[Known]:
    """Return every storefront. A process asks the database once in `STOREFRONTS_KEPT_SECONDS`."""
    global _kept
    at = time.monotonic()
    if not _kept[1] or at - _kept[0] >= settings.STOREFRONTS_KEPT_SECONDS:
        _kept = (at, _load())
    return _kept[1]


def stand(found: Iterable[Known], host: str, path: str) -> Standing:
    """Return what a path on a host means. A storefront of that very domain goes before one of any, a longer path before
    a shorter; there is always one at the root.
    """
    head, _, rest = path.removeprefix("/").partition("/")
    here = [k for k in found if k.storefront.domain in ("", host) and k.storefront.path in ("", head)]
    known = max(here, key=lambda k: (k.storefront.domain != "", k.storefront.path != ""))
    home = f"/{known.storefront.path}/" if known.storefront.path else "/"
    rest = rest if known.storefront.path else path.removeprefix("/")
    head, slash, after = rest.partition("/")
    for place in known.places if slash else []:
        for language in known.languages:
            if head == named(language, place.market):
                return Standing(known, home, f"/{after}", language, place)
    return Standing(known, home, f"/{rest}")


def listed() -> dict[int, set[int]]:
    """Return which storefronts name a product in their assortment, by its key; one query for all there are."""
    found: dict[int, set[int]] = {}
    for product_id, storefront_id in Listed.objects.values_list("product_id", "storefront_id"):
        found.setdefault(product_id, set()).add(storefront_id)
    return found


def home_of(product: Product, found: Iterable[Known], listed: Collection[int]) -> Storefront | None:
    """Return the first storefront that shows a product; None if none does. `listed`: those that name it."""
    shown = (k.storefront for k in found if k.storefront.shows_all != (k.storefront.pk in listed))
    return min(shown, key=lambda storefront: storefront.position, default=None)


def store_of(channel_id: int) -> Storefront:
    """Return the storefront of a channel; the first one for a channel that is none's."""
    found = all_known()
    owners = (known.storefront for known in found for place in known.places
              if place.channel is not None and place.channel.pk == channel_id)  # fmt: skip
    return next(owners, found[0].storefront)


def root(storefront: Storefront, seen_from: Storefront) -> str:
    """Return the address of a storefront's front page for links on another's: with its domain only if that differs."""
    path = f"/{storefront.path}/" if storefront.path else "/"
    return path if storefront.domain == seen_from.domain else origin(storefront) + path


def origin(storefront: Storefront) -> str:
    """Return where a storefront is for whoever is not there yet: scheme and host, without a slash at the end."""
    if not storefront.domain:
        return settings.BASE_URL
    scheme, _, own = settings.BASE_URL.partition("://")
    port = own.partition(":")[1] + own.partition(":")[2]
    return f"{scheme}://{storefront.domain}{port}"
