"""The tiles of a grid: products beside each other, each with a picture, its name, a line, what it costs, nothing more."""

from collections.abc import Sequence

import msgspec

from setaria.channels.storefront.faces import Face, Image, Part, faces_of
from setaria.channels.storefront.models import BestSeller
from setaria.channels.storefront.queries import Shelf
from setaria.channels.storefront.window import Window
from setaria.goods.catalog.models import Companion, Product
from setaria.kernel.arrays import int4s
from setaria.kernel.questions import Question, ask

COMPANIONS_MAX = 4
BEST_SELLERS_MAX = 4
_TO_BE_HAD = """
    SELECT variant.id FROM catalog_variant AS variant JOIN inventory_account AS account ON account.variant_id = variant.id
    WHERE variant.product_id = ANY (%(products)s) AND account.location_id = %(location)s AND account.on_hand > account.held
"""


class Tile(msgspec.Struct, frozen=True):
    """A product in a grid. `cheapest`: the variant whose price is shown, of those that can be had if any can."""

    product: Face
    cheapest: Part | None
    sold_out: bool  # it is sold here, but none is left
    sells: bool
    stamp: int

    @property
    def picture(self) -> Image | None:
        """Its first picture."""
        return self.product.picture

    @property
    def price(self) -> int | None:
        """What is shown as its price."""
        return self.cheapest.price if self.cheapest else None

    @property
    def varies(self) -> bool:
        """Whether variants cost differently, so that the price is a "from"."""
        return len({part.price for part in self.product.parts if part.price is not None}) > 1

    @property
    def key(self) -> tuple[object, ...]:
        """All that a tile says follows from this (see `kept`)."""
        return self.stamp, self.product.pk, self.cheapest and self.cheapest.pk, self.sold_out


def tiles(ids: Sequence[int], shelf: Shelf) -> list[Tile]:
    """Return a tile for each product in the window, by its key; one trip, and stock is read anew each time."""
    window = shelf.window
    known = {id: face for id in ids if (face := window.faces.get(id)) is not None}
    missing = [id for id in ids if id not in known and id in window.by_id]
    questions = [faces_of(missing, shelf.market.pk, window.since)] if missing else []
    if shelf.location and ids:
        questions.append(Question(_TO_BE_HAD, {"products": int4s(ids), "location": shelf.location.pk}))
    answers = ask(*questions) if questions else []
    if missing:
        [found] = answers.pop(0)
        known |= window.learn({face.pk: face for face in found})
    to_be_had = frozenset(id for (id,) in answers[0]) if answers else frozenset()
    return [_tile(known[id], to_be_had, shelf) for id in ids if id in known]


def _tile(face: Face, to_be_had: frozenset[int], shelf: Shelf) -> Tile:
    priced = [part for part in face.parts if part.price is not None]
    there = [part for part in priced if part.pk in to_be_had]
    price = min([part.price for part in there or priced if part.price is not None], default=None)
    cheapest = next((part for part in priced if part.price == price), None)
    return Tile(face, cheapest, shelf.sells and bool(priced) and not there, shelf.sells, shelf.window.stamp)


def companions(product: Product, shelf: Shelf) -> list[Tile]:
    """Return what goes with a product and is shown here; one query for what was shown before."""
    ids = shelf.window.kept("companions", lambda: _companions(shelf.window)).get(product.pk)
    return tiles(ids[:COMPANIONS_MAX], shelf) if ids else []


def _companions(window: Window) -> dict[int, list[int]]:
    """What goes with each product, of what is shown; one query for all there are."""
    found: dict[int, list[int]] = {}
    for product_id, other_id in Companion.objects.values_list("product_id", "other_id"):
        if other_id in window.by_id:
            found.setdefault(product_id, []).append(other_id)
    return found


def best_sellers(shelf: Shelf) -> list[Tile]:
    """Return what this storefront sells most of, the first first; one trip and a query."""
    channel = shelf.channel.pk if shelf.channel else 0
    rows = BestSeller.objects.filter(channel_id=channel).order_by("rank").values_list("product_id", flat=True)
    ids = shelf.window.lately("best sellers", lambda: list(rows))
    shown = [id for id in ids if id in shelf.window.by_id][:BEST_SELLERS_MAX]
    return tiles(shown, shelf) if shown else []
