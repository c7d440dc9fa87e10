"""What a product's page tells: its pictures, what a measure costs, colours as they look, sets, what goes with it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from setaria.channels.storefront.models import Listed, Presence, Storefront
from setaria.goods.catalog.measure import each, per_measure
from setaria.goods.catalog.models import (
    Bundle,
    BundlePart,
    Companion,
    Option,
    OptionValue,
    Picture,
    Product,
    Variant,
)
from setaria.markets.models import Channel
from tests.world import World


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize(
    ("amount", "quantity", "costs"),
    [(5990, 1440, 416), (12800, 50, 25600), (1, 10_000, 0), (1, 200, 1), (7900, 5000, 158)],
)
def test_a_price_per_100(amount: int, quantity: int, costs: int) -> None:
    assert per_measure(amount, quantity) == costs


def test_a_pack_shows_what_a_measure_costs(store: World, visitor: Client) -> None:
    noodles, oil = store.thing("noodles", price=5990, stock=1), store.thing("oil", price=8900, stock=1)
    Variant.objects.filter(pk=noodles.pk).update(pack_units=12, net_quantity=1440, net_unit="g")
    Variant.objects.filter(pk=oil.pk).update(net_quantity=500, net_unit="ml")
    assert each(5990, 12) == 499
    for path in ("/products/noodles/", "/kinds/thing/"):
        page = text(visitor, path)
        assert "</span>4.99</span> each" in page
        assert "</span>4.16</span> per 100 g" in page
    assert "</span>17.80</span> per 100 ml" in text(visitor, "/products/oil/")
    store.thing("plain", price=100, stock=1)
    assert "per 100" not in text(Client(headers={"accept-language": "en"}), "/products/plain/")


def test_a_quantity_has_a_unit(store: World) -> None:
    variant = store.thing()
    for wrong in (
        {"net_quantity": 5},
        {"net_unit": "g"},
        {"net_quantity": 0, "net_unit": "g"},
        {"net_quantity": 5, "net_unit": "oz"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Variant.objects.filter(pk=variant.pk).update(**wrong)


def test_colours_are_shown_as_they_look(store: World, visitor: Client) -> None:
    colour = Option.objects.create(key="color", name={"en": "Colour"})
    OptionValue.objects.create(option=colour, value="celadon", name={"en": "Celadon"}, swatch="#a9c3b0")
    variant = store.thing("bowl", stock=1)
    variant.options = {"color": "celadon"}
    variant.save()
    page = text(visitor, "/products/bowl/")
    assert 'fill="#a9c3b0"' in page
    assert "style=" not in page


def test_an_option_without_words_is_refused(store: World) -> None:
    variant = store.thing()
    variant.options = {"color": "nonesuch"}
    with pytest.raises(ValidationError, match="there is no value 'nonesuch'"):
        variant.full_clean()
    option = Option.objects.create(key="color", name={"en": "Colour"})
    with pytest.raises(IntegrityError), transaction.atomic():
        OptionValue.objects.create(option=option, value="x", name={"en": "X"}, swatch="red;")


def test_pictures_enlarge_without_a_script(store: World, visitor: Client) -> None:
    product = store.thing("bowl", stock=1).product
    for n in range(3):
        Picture.objects.create(product=product, path=f"demo/{n}.svg", alt={"en": f"View {n}"}, position=n)
    page = text(visitor, "/products/bowl/")
    for n in range(1, 4):
        assert f'popovertarget="zoom-{n}"' in page
        assert f'id="zoom-{n}" popover' in page
        assert f'href="#picture-{n}"' in page
    assert 'aria-label="Enlarge: View 2"' in page


def test_what_goes_with_it_is_in_order_and_only_what_is_shown_here(store: World, visitor: Client) -> None:
    bowl, cup, rice, hidden = (store.thing(slug, stock=1).product for slug in ("bowl", "cup", "rice", "hidden"))
    unpriced = store.thing("unpriced", price=None).product
    Product.objects.filter(pk=hidden.pk).update(published=False)
    for position, other in enumerate([rice, hidden, unpriced, cup]):
        Companion.objects.create(product=bowl, other=other, position=position)
    page = text(visitor, "/products/bowl/")
    after = page[page.index("Goes with it") :]
    assert after.index("/products/rice/") < after.index("/products/cup/")
    assert "/products/hidden/" not in page
    assert "/products/unpriced/" not in page
    assert "Goes with it" not in text(visitor, "/products/cup/")
    with pytest.raises(IntegrityError), transaction.atomic():
        Companion.objects.create(product=bowl, other=bowl)


class Table:
    """A set of a bowl, twice, and a sack of rice."""

    def __init__(self, store: World, bowls: int = 5, sacks: int = 5) -> None:
        self.bowl, self.rice = (
            store.thing("bowl", price=3900, stock=bowls),
            store.thing("rice", price=7900, stock=sacks),
        )
        self.bundle = Bundle.objects.create(slug="table", name={"en": "A table"}, line={"en": "For two."})
        BundlePart.objects.create(bundle=self.bundle, variant=self.bowl, quantity=2, position=1)
        BundlePart.objects.create(bundle=self.bundle, variant=self.rice, quantity=1, position=2)


def test_a_set_costs_what_its_parts_cost(store: World, visitor: Client) -> None:
    Table(store)
    for path in ("/products/bowl/", "/products/rice/"):
        assert "</span>157</span>" in text(visitor, path)
    answer = visitor.post("/sets/table/add")
    assert answer["Location"] == "/basket/"
    lines = visitor.get("/basket/").context["lines"]
    assert {line.variant.sku: line.quantity for line in lines} == {"BOWL": 2, "RICE": 1}
    assert visitor.get("/basket/").context["total"] == 15700


@pytest.mark.parametrize(("bowls", "sacks", "free"), [(5, 5, 2), (1, 5, 0), (4, 1, 1), (5, 0, 0)])
def test_there_are_as_many_sets_as_the_scarcest_part_allows(
    store: World, visitor: Client, bowls: int, sacks: int, free: int
) -> None:
    Table(store, bowls, sacks)
    [found] = visitor.get("/products/bowl/").context["sets"]
    assert found.free == free
    page = visitor.post("/sets/table/add", follow=True).content.decode()
    assert ("A table is in your basket." in page) == (free > 0)
    assert len(visitor.get("/basket/").context["lines"]) == (2 if free else 0)


def test_a_set_is_not_shown_where_a_part_is_not(store: World, visitor: Client) -> None:
    table = Table(store)
    fair = Storefront.objects.create(
        code="fair", name={"en": "Fair"}, line={"en": "."}, path="fair", assortment="chosen"
    )
    channel = Channel.objects.create(code="fair", name={"en": "Fair"}, market=store.cn, kind="web")
    Presence.objects.create(channel=channel, storefront=fair)
    Listed.objects.create(storefront=fair, product=table.bowl.product)
    assert visitor.get("/fair/products/bowl/").context["sets"] == []
    Product.objects.filter(pk=table.rice.product_id).update(published=False)
    assert visitor.get("/products/bowl/").context["sets"] == []
    assert visitor.post("/sets/table/add")["Location"] == "/"
    assert visitor.post("/sets/nonesuch/add").status_code == 404
    assert visitor.get("/sets/table/add").status_code == 405


def test_an_informing_market_shows_a_set_and_does_not_sell_it(store: World, visitor: Client) -> None:
    Table(store)
    visitor.cookies["market"] = "us"
    page = text(visitor, "/products/bowl/")
    assert "A table" in page
    assert "Put the set in the basket" not in page
    visitor.post("/sets/table/add")
    assert "Your basket is empty" in text(visitor, "/basket/")


def test_a_full_page_takes_a_bounded_number_of_queries(
    store: World, visitor: Client, queries_of: Callable[[Client, str], int]
) -> None:
    table = Table(store)
    for n in range(6):
        Companion.objects.create(
            product=table.bowl.product, other=store.thing(f"other-{n}", stock=1).product, position=n
        )
        for m in range(4):
            store.thing(f"other-{n}-{m}", stock=1, product=Product.objects.get(slug=f"other-{n}"))
    assert queries_of(visitor, "/products/bowl/") <= 26
