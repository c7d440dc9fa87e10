"""What goes in and out, as JSON: the store and its range here, what is bought of it in `deals.py`.

Amounts are in minor units of the currency named beside them, instants in UTC. The OpenAPI document is generated from
these, so their docstrings and names are what an app's author reads.
"""

from typing import Literal

import msgspec


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an app sends: a field we do not know is a mistake, and said to be one."""


class Out(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an app gets; fields may be added, and what is empty is left out."""


# The store


class MarketOut(Out, frozen=True):
    """A market of this store. Where `sells` is false everything is shown and nothing can be ordered."""

    code: str
    name: str
    currency: str
    language: str
    sells: bool


class StoreOut(Out, frozen=True):
    """The store at this host: what it is called here, the languages it speaks, its markets (those that sell first)."""

    name: str
    languages: list[str]
    markets: list[MarketOut]


# The range


class KindOut(Out, frozen=True):
    """A kind of product that has something to show in this market."""

    slug: str
    name: str
    products: int


class KindsOut(Out, frozen=True):
    """The kinds."""

    kinds: list[KindOut]


class PictureOut(Out, frozen=True):
    """A picture, with words for who cannot see it."""

    url: str
    alt: str


class VariantOut(Out, frozen=True):
    """What is bought: by its SKU. `price` is missing where it is not sold.

    `stock` is `in`, `few` (then `left` says how many) or `out`. `each` is the price of one of a pack of `pack_units`,
    `per_100` that of 100 g or 100 ml (`per_unit` says which).
    """

    sku: str
    name: str
    options: dict[str, str]
    price: int | None = None
    stock: Literal["in", "few", "out"] = "out"
    left: int | None = None
    pack_units: int = 1
    each: int | None = None
    per_100: int | None = None
    per_unit: str = ""
    gtin: str | None = None


class CardOut(Out, frozen=True):
    """A product in a listing. `price` is the cheapest variant's, `varies` says that others cost more.

    `maker` is `own`, `ecosystem` or `third_party`: whose product it is.
    """

    slug: str
    name: str
    line: str
    kind: str
    maker: str
    maker_name: str
    price: int | None = None
    varies: bool = False
    sold_out: bool = False
    picture: PictureOut | None = None


class ChoiceOut(Out, frozen=True):
    """A value to narrow by, and how many products it leaves."""

    value: str
    label: str
    count: int
    chosen: bool = False


class FacetOut(Out, frozen=True):
    """What a listing can be narrowed by: `name=value` in the query, or `name.min=` and `name.max=` for a range."""

    name: str
    label: str
    unit: str = ""
    choices: list[ChoiceOut] = []
    is_range: bool = False
    least: float | None = None
    most: float | None = None
    low: float | None = None
    high: float | None = None


class SortOut(Out, frozen=True):
    """A way of sorting: `sort=code` in the query."""

    code: str
    name: str
    chosen: bool = False


class ListingOut(Out, frozen=True):
    """A page of a listing. `nearly`: nothing has all the words searched for; these are written like them."""

    currency: str
    products: list[CardOut]
    total: int
    page: int
    pages: int
    facets: list[FacetOut]
    sorts: list[SortOut]
    nearly: bool = False


class FactOut(Out, frozen=True):
    """A line of the specification, in words."""

    name: str
    value: str
    unit: str = ""


class ProductOut(Out, frozen=True):
    """A product with its variants. `drop` is the slug of the drop that it is in, now or next."""

    slug: str
    name: str
    line: str
    text: str
    kind: str
    maker: str
    maker_name: str
    currency: str
    variants: list[VariantOut]
    pictures: list[PictureOut]
    facts: list[FactOut]
    goes_with: list[CardOut]
    drop: str = ""
