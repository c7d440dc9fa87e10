"""Looking around: front, listings, products, in markets that sell and markets that inform."""

from collections.abc import Callable

import pytest
from django.test import Client

from setaria.goods.catalog.models import Kind, Picture, Variant
from setaria.markets.models import Market
from tests.world import DAY, HOUR, World


def text(client: Client, path: str, status: int = 200, **get: str) -> str:
    response = client.get(path, get)
    assert response.status_code == status
    return response.content.decode()


def test_the_front_shows_drops_newest_and_kinds(store: World, visitor: Client) -> None:
    store.drop({store.thing("phone", stock=5): 2}, slug="tonight", opens_at=store.now + HOUR)
    page = text(visitor, "/")
    assert "/drops/tonight/" in page
    assert "/products/phone/" in page
    assert "/kinds/thing/" in page


def test_an_installation_without_markets_says_so(transactional_db: None, visitor: Client) -> None:
    assert "not open yet" in text(visitor, "/", status=503)
    assert visitor.get("/accounts/login/").status_code == 200


def test_a_market_without_anything_is_a_page_too(store: World, visitor: Client) -> None:
    assert "Nothing is on the shelf yet" in text(visitor, "/")


def test_a_product_without_a_price_is_not_listed_where_we_sell(store: World, visitor: Client) -> None:
    store.thing("priced", stock=1)
    store.thing("unpriced", price=None)
    page = text(visitor, "/kinds/thing/")
    assert "/products/priced/" in page
    assert "/products/unpriced/" not in page
    assert "not sold in China" in text(visitor, "/products/unpriced/")


def test_an_informing_market_shows_everything_and_sells_nothing(store: World, visitor: Client) -> None:
    store.thing("unpriced", price=None)
    variant = store.thing("priced", stock=1)
    visitor.cookies["market"] = "us"
    page = text(visitor, "/kinds/thing/")
    assert "/products/unpriced/" in page
    assert "/products/priced/" in page
    page = text(visitor, "/products/priced/")
    assert "At our friends&#x27;." in page
    assert "Add to basket" not in page
    visitor.post("/basket/add", {"sku": variant.sku, "quantity": "1"})
    assert "Your basket is empty" in text(visitor, "/basket/")


def test_from_is_the_cheapest_variant(store: World, visitor: Client) -> None:
    dear = store.thing("pillow", price=9900, stock=1)
    store.thing("pillow-small", price=4900, stock=1, product=dear.product)
    page = text(visitor, "/products/pillow/")
    assert (
        '<span class="price__from">from</span> <span class="money"><span class="money__sign">¥</span>49</span>' in page
    )
    assert 'value="PILLOW-SMALL" checked' in page
    assert 'value="PILLOW" checked' in text(visitor, "/products/pillow/", sku="PILLOW")


def test_a_pack_shows_its_unit_price(store: World, visitor: Client) -> None:
    noodles = store.thing("noodles", price=5990, stock=1)
    Variant.objects.filter(pk=noodles.pk).update(pack_units=12)
    sign = '<span class="money"><span class="money__sign">¥</span>4.99</span> each'
    assert sign in text(visitor, "/products/noodles/")
    assert sign in text(visitor, "/kinds/thing/")


def test_sold_out_is_said_and_cannot_be_chosen(store: World, visitor: Client) -> None:
    gone = store.thing("phone", price=100)
    page = text(visitor, "/products/phone/")
    assert "Sold out" in page
    assert "Add to basket" not in page
    store.thing("phone-2", price=200, stock=3, product=gone.product)
    page = text(visitor, "/products/phone/")
    assert 'value="PHONE" disabled' in page
    assert "3 left" in page


def test_what_is_held_counts_as_sold(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    order = store.placed(phone)
    assert "Add to basket" not in text(visitor, "/products/phone/")
    store.cancel(order)
    assert "Add to basket" in text(visitor, "/products/phone/")


def test_the_specification_has_units(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    Kind.objects.update(fields=[
        {"key": "weight", "name": {"en": "Weight"}, "type": "number", "unit": "g"},
        {"key": "life", "name": {"en": "Shelf life"}, "type": "integer", "unit": "days"},
        {"key": "gluten", "name": {"en": "Gluten"}, "type": "boolean"},
        {"key": "colour", "name": {"en": "Colour"}, "type": "choice", "choices": [{"value": "r", "name": {"en": "Red"}}]},
    ])  # fmt: skip
    phone.product.specification = {"weight": 1234.5, "life": 270, "gluten": True, "colour": "r"}
    phone.product.save()
    page = text(visitor, "/products/phone/")
    assert '1,234.5&nbsp;<span class="quiet">g</span>' in page
    assert '270&nbsp;<span class="quiet">days</span>' in page
    assert "<td>Yes</td>" in page
    assert "<td>Red</td>" in page
    visitor.cookies["django_language"] = "zh-hans"
    assert '270&nbsp;<span class="quiet">天</span>' in text(visitor, "/products/phone/")


@pytest.mark.parametrize("page", ["0", "-1", "abc", "999999", "9" * 5000, "1.5", "NaN", "", "٣"])
def test_a_page_that_does_not_exist_is_answered_with_one_that_does(store: World, visitor: Client, page: str) -> None:
    store.thing("phone", stock=1)
    assert "/products/phone/" in text(visitor, "/kinds/thing/", page=page)


def test_a_long_listing_has_pages_and_sorts(store: World, visitor: Client) -> None:
    for n in range(30):
        store.thing(f"t{n:02}", price=1000 - n, stock=1)
    first = text(visitor, "/kinds/thing/", sort="cheap")
    assert first.count('class="card"') == 24
    assert first.index("/products/t29/") < first.index("/products/t28/")
    assert "sort=cheap&amp;page=2" in first
    assert "/products/t00/" in text(visitor, "/kinds/thing/", sort="cheap", page="2")
    assert "/products/t00/" in text(visitor, "/kinds/thing/", sort="dear")
    assert text(visitor, "/kinds/thing/", sort="nonsense").count('class="card"') == 24


@pytest.mark.parametrize("path", ["/products/none/", "/kinds/none/", "/drops/none/", "/nowhere", "/orders/x/"])
def test_what_does_not_exist_is_a_designed_404(store: World, visitor: Client, path: str) -> None:
    assert "There is no such page" in text(visitor, path, status=404)


def test_an_unpublished_product_does_not_exist(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    phone.product.published = False
    phone.product.save()
    assert visitor.get("/products/phone/").status_code == 404
    assert "/products/phone/" not in text(visitor, "/kinds/thing/")


def test_a_picture_whose_file_is_missing_breaks_nothing(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    Picture.objects.create(product=phone.product, path="demo/no-such-file.svg", alt={"en": "x"})
    text(visitor, "/products/phone/")
    text(visitor, "/kinds/thing/")


def test_names_are_text_and_never_markup(store: World, visitor: Client) -> None:
    phone = store.thing("phone", stock=1)
    phone.product.name = {"en": "<script>alert(1)</script>"}
    phone.product.save()
    for path in ("/", "/kinds/thing/", "/products/phone/"):
        assert "<script>alert" not in text(visitor, path)


def test_drops_are_dated_in_the_markets_own_time(store: World, visitor: Client) -> None:
    store.drop({store.thing(stock=1): 1}, opens_at=store.now + DAY)
    assert "12 Nov, 00:00" in text(visitor, "/")


def fill(store: World, many: int, tag: str) -> None:
    kind = store.kind
    for n in range(many):
        store.kind = Kind.objects.create(slug=f"{tag}-{n}", name={"en": f"{tag} {n}"}) if n % 3 == 0 else kind
        thing = store.thing(f"{tag}-{n}", stock=9)
        store.thing(f"{tag}-{n}-b", stock=9, price=n + 1, product=thing.product)
        Picture.objects.create(product=thing.product, path=f"{n}.svg", alt={"en": "x"})
    store.kind = kind
    Market.objects.create(code=tag, name={"en": tag}, mode="inform", currency="EUR", language="en", time_zone="UTC")
    store.drop(dict.fromkeys(Variant.objects.filter(sku__startswith=tag.upper())[: many // 3], 2), slug=f"{tag}-drop")


@pytest.mark.parametrize(
    ("path", "queries_max"),
    [("/", 6), ("/kinds/thing/", 4), ("/kinds/thing/?sort=cheap", 4), ("/products/few-1/", 3), ("/design/", 3)],
)
def test_a_page_takes_as_many_queries_whatever_the_data(
    store: World, visitor: Client, queries_of: Callable[[Client, str], int], path: str, queries_max: int
) -> None:
    fill(store, 3, "few")
    few = queries_of(visitor, path)
    fill(store, 24, "many")
    assert queries_of(visitor, path) == few <= queries_max
