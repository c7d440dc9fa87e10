"""A catalogue to look around in: ten thousand products in forty thousand variants, the same on every run.

Kinds and their typed specifications are the demo brand's, names and texts are in both languages, every variant has a
price and nearly every one has stock. Written in sets; stock is booked by its own verb.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from urllib.parse import quote

import msgspec
from django.db import connection, transaction

from setaria.goods.catalog.models import Kind, Picture, Product, Variant
from setaria.goods.catalog.specification import Field
from setaria.goods.inventory import move
from setaria.goods.pricing.models import Price
from setaria.goods.search.refresh import refresh
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.site.demo_loader import DEMO, load_kinds
from setaria.site.rush.stage import set_market

PRODUCTS, VARIANTS_EACH = 10_000, (1, 2, 3, 4, 4, 5, 6, 7)  # 4 on average
BATCH_ROWS = 2_000
NEWEST = date(2026, 10, 1)
SOLD_OUT_SHARE = 0.06
VALUES_A_FIELD = 14  # different numbers or texts that a field of a kind has
PRICE_LEAST, PRICE_STEPS = 1_900, 220  # minor units; each step is four percent dearer

SERIES = [("星火", "Spark"), ("青山", "Greenhill"), ("小满", "Xiaoman"), ("流光", "Glow"), ("远航", "Voyage"),
          ("知秋", "Autumn"), ("云帆", "Cloudsail"), ("听涛", "Surf"), ("晨曦", "Dawn"), ("北斗", "Dipper"),
          ("麦浪", "Wheatfield"), ("初雪", "Firstsnow")]  # fmt: skip
TRAITS = [("轻薄", "light"), ("静音", "quiet"), ("耐用", "hard-wearing"), ("省电", "thrifty"), ("大容量", "roomy"),
          ("防水", "waterproof"), ("快速", "quick"), ("可折叠", "folding")]  # fmt: skip
MAKERS = [("own", "谷穗 Setaria"), ("own", "谷穗 Setaria"), ("ecosystem", "青禾 Qinghe"), ("third_party", "Nordlicht")]
COLOURS = [("石墨黑", "Graphite"), ("米白", "Rice white"), ("雾蓝", "Mist blue"), ("苔绿", "Moss green")]
SIZES = [("标准款", "Standard"), ("加大款", "Large")]
WORDS = ["Aluminium", "Bamboo", "Ceramic", "Cotton", "Glass", "Linen", "Nylon", "Oak", "Silicone", "Steel", "Wool"]


class Catalogue(msgspec.Struct, frozen=True):
    """What was laid out, by what its pages are found by. `products`: slugs, in order of their keys; `names`: of the same,
    in Chinese and English; `facets`: by kind, what a listing of it can be narrowed by, as addresses write it.
    """

    market: str
    kinds: list[str]
    products: list[str]
    skus: list[str]
    names: list[tuple[str, str]]
    facets: dict[str, list[str]]


@transaction.atomic
def lay(market: str, products: int = PRODUCTS, seed: int = 20260408) -> Catalogue:
    """Make a market of that name with so many products on sale. Needs Django set up; about half a minute for 10,000."""
    random, at = Random(seed), now()
    channel, warehouse, _ = set_market(market)
    if not Kind.objects.filter(slug="phone").exists():
        load_kinds()
    kinds = list(Kind.objects.exclude(fields=[]).order_by("id"))
    pictures, fields = _pictures(), {kind.pk: kind.specification_fields for kind in kinds}
    values = {kind.pk: [_values(field, random) for field in fields[kind.pk]] for kind in kinds}
    weights = [1 / (n + 3) for n in range(len(kinds))]
    made = [
        _product(f"{market}-{n}", n, random.choices(kinds, weights)[0], fields, values, random) for n in range(products)
    ]
    Product.objects.bulk_create(made, batch_size=BATCH_ROWS)
    Picture.objects.bulk_create(
        (Picture(product=p, path=path, alt=p.name) for p in made if (path := pictures.get(p.kind.slug)) is not None),
        batch_size=BATCH_ROWS,
    )
    variants = Variant.objects.bulk_create(
        (v for n, p in enumerate(made) for v in _variants(market, n, p)), batch_size=BATCH_ROWS
    )
    _price(variants, channel.market_id, random)
    there = [v for v in variants if random.random() > SOLD_OUT_SHARE]
    move.receive(new_id(), warehouse.id, [move.Units(v.pk, random.randint(1, 400)) for v in there], now=at)
    return Catalogue(
        market, [k.slug for k in kinds], [p.slug for p in made], [v.sku for v in there],
        [(p.name["zh-hans"], p.name["en"]) for p in made],
        {kind.slug: list(_narrowings(fields[kind.pk], values[kind.pk])) for kind in kinds},
    )  # fmt: skip


def index() -> None:
    """Index what was laid out for the search, and let the planner know how much there is of everything."""
    while refresh():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _pictures() -> dict[str, str]:
    """A picture a kind: that of the demo's first product of the kind."""
    found: dict[str, str] = {}
    for file in sorted((Path(DEMO) / "products").glob("*.toml")):
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["product"]:
            found.setdefault(entry["kind"], f"demo/{entry['picture']}")
    return found


def _values(field: Field, random: Random) -> list[object]:
    """The values that a field's products share between them."""
    match field.type:
        case "boolean":
            return [True, False]
        case "choice":
            return [choice.value for choice in field.choices]
        case "text":
            return [f"{random.choice(WORDS)} {random.randint(2, 9)}" for _ in range(VALUES_A_FIELD)]
        case _:
            low = field.min if field.min is not None else 0
            high = field.max if field.max is not None else low + 1_000
            numbers = [random.uniform(low, high) for _ in range(VALUES_A_FIELD)]
            whole = field.type == "integer"
            return [
                min(int(high), max(int(low), round(n))) if whole else min(high, max(low, round(n, 1))) for n in numbers
            ]


def _narrowings(fields: list[Field], values: list[list[object]]) -> Iterator[str]:
    """Yield what a listing of a kind can be narrowed by: its fields' own values, or ranges of them; stock, maker, price."""
    yield from ("in_stock=true", "maker=own", "maker=ecosystem", "price.max=500", "price.min=200&price.max=2000")
    for field, shared in zip(fields, values, strict=True):
        numbers = sorted(value for value in shared if isinstance(value, int | float) and not isinstance(value, bool))
        if numbers:
            yield f"spec.{field.key}.min={numbers[len(numbers) // 3]}"
            yield f"spec.{field.key}.max={numbers[len(numbers) * 2 // 3]}"
        else:
            for value in shared:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                yield f"spec.{field.key}={quote(text)}"


def _product(
    slug: str, n: int, kind: Kind, fields: dict[int, list[Field]], values: dict[int, list[list[object]]],
    random: Random,
) -> Product:  # fmt: skip
    series, trait, (maker, maker_name) = SERIES[n % len(SERIES)], random.choice(TRAITS), random.choice(MAKERS)
    number = n // len(SERIES) + 1
    thing_zh, thing_en = kind.name["zh-hans"], kind.name["en"].removesuffix("s")
    return Product(
        slug=slug, kind=kind, maker=maker, maker_name=maker_name,
        name={"zh-hans": f"{series[0]}{thing_zh} {number}", "en": f"{series[1]} {thing_en} {number}"},
        line={"zh-hans": f"{trait[0]}的{thing_zh}，用料实在，价格老实", "en": f"A {trait[1]} one, made well and priced plainly"},
        text={
            "zh-hans": f"{series[0]}系列的第 {number} 款{thing_zh}。{trait[0]}，日常使用足够，售后两年。我们把省下来的每一分钱都还给买它的人，价格在每个地方都一样。",
            "en": f"Number {number} of the {series[1]} series: {trait[1]}, enough for every day, with two years of service. "
            "What we save goes to whoever buys it, and the price is the same in every place we sell.",
        },
        specification={
            field.key: random.choice(choices)
            for field, choices in zip(fields[kind.pk], values[kind.pk], strict=True)
            if choices
        },
        released=NEWEST - timedelta(days=(n * 7) % 1_800),
    )  # fmt: skip


def _variants(market: str, n: int, product: Product) -> Iterator[Variant]:
    looks = [(colour, size) for size in SIZES for colour in COLOURS]
    for position, (colour, size) in enumerate(islice(looks, VARIANTS_EACH[n % len(VARIANTS_EACH)])):
        yield Variant(
            product=product, sku=f"{market.upper()}-{n:05}-{position}", position=position,
            name={"zh-hans": f"{colour[0]} · {size[0]}", "en": f"{colour[1]} · {size[1]}"},
            options={"colour": colour[1], "size": size[1]}, pack_units=12 if n % 40 == 7 else 1,
        )  # fmt: skip


def _price(variants: list[Variant], market_id: int, random: Random) -> None:
    """Give every variant a price that holds from now on; the larger ones cost a little more."""
    at, base, last = now(), 0, None
    rows = []
    for v in variants:
        if v.product_id != last:
            base, last = int(PRICE_LEAST * 1.04 ** random.randrange(PRICE_STEPS)) // 100 * 100, v.product_id
        rows.append(Price(variant=v, market_id=market_id, amount=base + 1_000 * (v.position // 4), valid=(at, None)))
    Price.objects.bulk_create(rows, batch_size=BATCH_ROWS)
