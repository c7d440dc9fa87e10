"""Variants that differ in several things stand in a table, which never lies about stock and needs no script."""

import re

import pytest
from django.test import Client

from setaria.channels.storefront.matrix import COLUMNS_MAX, matrix_of
from setaria.channels.storefront.queries import Offer, Word, Words
from setaria.goods.catalog.models import Option, OptionValue, Product, Variant
from setaria.goods.pricing.price import set_price
from tests.world import SECOND, World

WORDS = Words(
    {
        ("color", "black"): Word((1, "black"), "Black", "#000000"),
        ("color", "white"): Word((0, "white"), "White", "#ffffff"),
        ("size", "s"): Word((0, "s"), "S"),
        ("size", "m"): Word((1, "m"), "M"),
        ("size", "l"): Word((2, "l"), "L"),
    },
    ["color", "size", "body"],
)


def offer(price: int | None = 100, free: int = 9, **options: str) -> Offer:
    name = "-".join(options.values())
    return Offer(Variant(pk=hash(name) % 10**6, sku=name.upper(), name={"en": name}, options=options), price, free)


def as_text(offers: list[Offer], words: Words = WORDS) -> list[str] | None:
    """A table as lines: `Black: s - l`, with a dash for what is not made."""
    found = matrix_of(offers, words)
    if found is None:
        return None
    rows = [
        f"{row.word.name}: {' '.join(o.variant.options['size'] if o else '-' for o in row.offers)}"
        for row in found.rows
    ]
    return [" ".join(found.columns), *rows]


def test_a_colour_runs_down_and_sizes_across_in_their_own_order() -> None:
    offers = [offer(color=c, size=s) for c, s in [("black", "m"), ("white", "s"), ("black", "s"), ("white", "l")]]
    assert as_text(offers) == ["S M L", "White: s - l", "Black: s m -"]


def test_what_all_have_alike_is_no_axis_and_a_third_option_joins_the_columns() -> None:
    alike = [offer(color=c, size=s, body="glass") for c in ("black", "white") for s in ("s", "m")]
    assert as_text(alike) == ["S M", "White: s m", "Black: s m"]
    third = [offer(color="black", size="s", body="glass"), offer(color="black", size="m", body="glass"),
             offer(color="black", size="m", body="steel"), offer(color="white", size="s", body="glass")]  # fmt: skip
    assert as_text(third) == ["S · glass M · glass M · steel", "White: s - -", "Black: s m m"]


@pytest.mark.parametrize(
    "offers",
    [
        [],
        [offer(color="black", size="s"), offer(color="white", size="m")],  # two are read faster in a list
        [offer(size=s) for s in ("s", "m", "l")],  # they differ in one thing
        [offer(color="black", size="s"), offer(color="black", size="s"), offer(color="white", size="m")],  # two alike
        [offer(color="black", size="s"), offer(color="white"), offer(color="black", size="m")],  # one says nothing
        [offer(color=str(n), size=str(n)) for n in range(6)],  # nothing but holes
        [offer(color=str(n), size=str(m)) for n in range(COLUMNS_MAX + 1) for m in range(COLUMNS_MAX + 1)],
    ],
)
def test_a_list_says_it_better(offers: list[Offer]) -> None:
    assert matrix_of(offers, WORDS) is None


def test_forty_variants_make_a_table_that_no_page_is_too_narrow_for() -> None:
    offers = [offer(color=f"c{n}", size=f"s{m}") for n in range(8) for m in range(5)]
    found = matrix_of(offers, Words({}, []))
    assert found is not None
    assert (len(found.rows), len(found.columns)) == (8, 5)
    assert sum(o is not None for row in found.rows for o in row.offers) == 40


@pytest.fixture
def shirt(store: World) -> Product:
    """Two colours in two sizes, one of them sold out, one not made."""
    for position, (key, values) in enumerate({"color": ["black", "white"], "size": ["s", "m"]}.items()):
        option = Option.objects.create(key=key, name={"en": key}, position=position)
        for place, value in enumerate(values):
            OptionValue.objects.create(option=option, value=value, name={"en": value.title()}, position=place)
    product = store.thing("black-s", price=6_900, stock=9).product
    store.thing("black-m", price=6_900, stock=0, product=product)
    store.thing("white-s", price=7_900, stock=3, product=product)
    for variant in product.variants.all():
        color, size = variant.sku.lower().split("-")
        variant.options = {"color": color, "size": size}
        variant.full_clean()
        variant.save()
    return product


def cells(page: str) -> list[str]:
    """What stands in the table's cells, as its readers hear it."""
    table = page[page.index('<table class="matrix__table') : page.index("</table>")]
    found = re.findall(r"<td>(.*?)</td>", table.partition("<tbody>")[2], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in found]


def test_every_cell_says_what_there_is_of_it(store: World, visitor: Client, shirt: Product) -> None:
    page = visitor.get(shirt.get_absolute_url()).content.decode()
    assert cells(page) == ["black-s ¥ 69", "black-m ¥ 69 Sold out", "white-s ¥ 79 3 left", "— Not made"]
    assert re.search(r'value="BLACK-S" checked', page)
    assert re.search(r'value="BLACK-M" disabled', page)


def test_a_cell_changes_with_the_next_sale(store: World, visitor: Client, shirt: Product) -> None:
    last = Variant.objects.get(sku="WHITE-S")
    visitor.get(shirt.get_absolute_url())
    store.placed((last, 3))
    page = visitor.get(shirt.get_absolute_url()).content.decode()
    assert cells(page)[2] == "white-s ¥ 79 Sold out"
    assert re.search(r'value="WHITE-S" disabled', page)


def test_what_costs_the_same_says_so_once(store: World, visitor: Client, shirt: Product) -> None:
    set_price(Variant.objects.get(sku="WHITE-S").pk, store.cn.pk, 6_900, since=store.now + SECOND, now=store.now)
    store.later(2 * SECOND)
    page = visitor.get(shirt.get_absolute_url()).content.decode()
    assert cells(page) == ["black-s In stock", "black-m Sold out", "white-s 3 left", "— Not made"]
