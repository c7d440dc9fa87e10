"""What is said of a product where many stand beside each other: read as one text a page, with nothing that is not shown.

Django would make some ten objects a product of it, which for a page of 24 takes longer than everything else on that page.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
from django.urls import get_script_prefix, reverse

from setaria.kernel.arrays import int4s
from setaria.kernel.questions import Question

# Prices hold as long as the window they are read for.
_FACES = """
    SELECT coalesce(json_agg(json_build_object(
        'pk', product.id, 'slug', product.slug, 'kind_id', product.kind_id, 'maker', product.maker,
        'maker_name', product.maker_name, 'name', product.name, 'line', product.line,
        'picture', (
            SELECT json_build_object('path', path, 'alt', alt) FROM catalog_picture
            WHERE product_id = product.id ORDER BY position, id LIMIT 1
        ),
        'parts', coalesce((
            SELECT json_agg(json_build_object(
                'pk', variant.id, 'price', price.amount, 'pack_units', variant.pack_units,
                'net_quantity', variant.net_quantity, 'net_unit', variant.net_unit
            ) ORDER BY variant.position, variant.id)
            FROM catalog_variant AS variant LEFT JOIN pricing_price AS price
                ON price.variant_id = variant.id AND price.market_id = %(market)s AND price.valid @> %(at)s
            WHERE variant.product_id = product.id
        ), '[]')
    ))::text, '[]')
    FROM catalog_product AS product WHERE product.id = ANY (%(products)s)
"""


class Part(msgspec.Struct, frozen=True):
    """A variant: its price (None: not sold here) and what is in it."""

    pk: int
    price: int | None
    pack_units: int
    net_quantity: int | None
    net_unit: str


class Image(msgspec.Struct, frozen=True):
    """A picture by its path, with words for who cannot see it."""

    path: str
    alt: dict[str, str]


class Face(msgspec.Struct, frozen=True):
    """A product as a grid shows it, whatever its stock."""

    pk: int
    slug: str
    kind_id: int
    maker: str
    maker_name: str
    name: dict[str, str]
    line: dict[str, str]
    picture: Image | None
    parts: tuple[Part, ...]

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        before, after = _around(get_script_prefix())
        return f"{before}{self.slug}{after}"


@lru_cache(maxsize=256)
def _around(_prefix: str) -> tuple[str, str]:
    """What stands around the slug in a product's address, below where the store is mounted."""
    before, _, after = reverse("store:product", args=["-"]).rpartition("-")
    return before, after


_decode = msgspec.json.Decoder(list[Face]).decode


def faces_of(products: Sequence[int], market_id: int, at: datetime) -> Question:
    """Ask for the faces of products, by their keys, at the prices of an instant: one row, of all of them in a list."""
    return Question(_FACES, {"products": int4s(products), "market": market_id, "at": at}, lambda row: _decode(row[0]))
