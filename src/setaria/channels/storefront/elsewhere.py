"""What is not found in one storefront and stands in another: a shopper should not leave because of our walls."""

from datetime import datetime
from urllib.parse import quote

import msgspec

from setaria.channels.storefront import directory
from setaria.channels.storefront.models import Storefront
from setaria.channels.storefront.visit import Visit
from setaria.channels.storefront.window import WINDOWS
from setaria.goods.search.find import having_all
from setaria.markets.models import Channel, Market


class Elsewhere(msgspec.Struct, frozen=True):
    """A storefront that has what was searched for: how many products, and where they are seen."""

    storefront: Storefront
    products: int
    url: str


class _There(msgspec.Struct, frozen=True):
    """Where one would stand there."""

    storefront: Storefront
    market: Market
    channel: Channel | None
    version: int


def elsewhere(visit: Visit, asked: str, now: datetime) -> list[Elsewhere]:
    """Return the other storefronts of the visitor's market that show what has all the words asked for; one query, and
    none where there is but one storefront.
    """
    others = [known for known in directory.all_known() if known.storefront.pk != visit.storefront.pk]
    places = [(known.storefront, place) for known in others for place in known.places
              if place.market.pk == visit.market.pk]  # fmt: skip
    ids = having_all(asked) if places else []
    found = []
    for storefront, (market, channel) in places if ids else []:
        shown = WINDOWS.window(_There(storefront, market, channel, visit.version), now).by_id
        if number := sum(id in shown for id in ids):
            url = f"{directory.root(storefront, visit.storefront)}search/?q={quote(asked)}"
            found.append(Elsewhere(storefront, number, url))
    return found
