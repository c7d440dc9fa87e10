"""Names of what is counted: looked up once, kept for as long as an event is on the wall."""

from collections.abc import Iterable

import msgspec
from django.db import connection

from setaria.sight.wall.event import Texts


class Product(msgspec.Struct, frozen=True):
    """A product's name and its kind's."""

    name: Texts
    kind_id: int
    kind: Texts


_PRODUCTS = """
    SELECT p.id, p.name::text, k.id, k.name::text FROM catalog_product AS p JOIN catalog_kind AS k ON k.id = p.kind_id
    WHERE p.id = ANY (%s)
"""
_CHANNELS = "SELECT id, name::text FROM markets_channel WHERE id = ANY (%s)"


class Names:
    """Products and channels by id."""

    def __init__(self) -> None:
        self.products: dict[int, Product] = {}
        self.channels: dict[int, Texts] = {}

    def learn(self, products: Iterable[int], channels: Iterable[int]) -> None:
        """Look up those that are not known yet."""
        text = msgspec.json.decode
        new_products, new_channels = set(products) - self.products.keys(), set(channels) - self.channels.keys()
        with connection.cursor() as cursor:
            if new_products:
                cursor.execute(_PRODUCTS, [list(new_products)])
                for id, name, kind_id, kind in cursor.fetchall():
                    self.products[id] = Product(text(name), kind_id, text(kind))
            if new_channels:
                cursor.execute(_CHANNELS, [list(new_channels)])
                self.channels |= {id: text(name) for id, name in cursor.fetchall()}
