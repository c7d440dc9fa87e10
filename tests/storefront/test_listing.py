"""Narrowing a kind's products by their specification: what is left, what is counted, what nonsense does."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setaria.channels.storefront import listing as listings
from setaria.goods.catalog.models import Kind, Product, Variant
from setaria.goods.search.refresh import refresh
from setaria.trade.bestsellers.add_up import WITHIN, add_up, units_sold
from setaria.trade.bestsellers.models import Bestseller
from tests.races.together import together
from tests.world import MINUTE, World

FIELDS: list[dict[str, Any]] = [
    {"key": "memory", "name": {"en": "Memory"}, "type": "integer", "unit": "GB"},
    {"key": "weight", "name": {"en": "Weight"}, "type": "number", "unit": "g"},
    {"key": "water", "name": {"en": "Water"}, "type": "choice",
     "choices": [{"value": "ip67", "name": {"en": "IP67"}}, {"value": "ip68", "name": {"en": "IP68"}}]},
    {"key": "gps", "name": {"en": "GPS"}, "type": "boolean"},
]  # fmt: skip
SIX = [
    # memory, weight, water, gps, price, stock
    (4, 100.5, "ip67", True, 100_00, 5),
    (4, 120.0, "ip68", True, 200_00, 5),
    (6, 140.0, "ip68", False, 300_00, 0),
    (6, 160.0, "ip68", True, 400_00, 5),
    (8, 180.0, "ip67", False, 500_00, 5),
    (8, 200.0, "ip67", True, 600_00, 5),
]


@pytest.fixture
def phones(store: World) -> Kind:
    kind = Kind.objects.create(slug="phones", name={"en": "Phones"}, fields=FIELDS)
    for number, (memory, weight, water, gps, price, stock) in enumerate(SIX):
        product = store.thing(price=price, stock=stock).product
        product.kind, product.name = kind, {"en": f"Phone {number}"}
        product.specification = {"memory": memory, "weight": weight, "water": water, "gps": gps}
        product.full_clean()
        product.save()
    refresh()
    return kind


def listing(visitor: Client, address: str) -> Any:
    answer = visitor.get(address)
    assert answer.status_code == 200
    return answer.context["listing"]


def shown(visitor: Client, address: str) -> list[int]:
    return sorted(int(card.product.name["en"][-1]) for card in listing(visitor, address).cards)


def counts(visitor: Client, address: str, name: str) -> dict[str, int]:
    (facet,) = [one for one in listing(visitor, address).facets if one.name == name]
    return {choice.value: choice.count for choice in facet.choices}


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ("", [0, 1, 2, 3, 4, 5]), ("spec.memory=4", [0, 1]), ("spec.memory=4&spec.memory=6", [0, 1, 2, 3]),
        ("spec.water=ip68", [1, 2, 3]), ("spec.water=ip68&spec.gps=true", [1, 3]), ("spec.weight.min=140", [2, 3, 4, 5]),
        ("spec.weight.min=100.5&spec.weight.max=120", [0, 1]), ("price.max=200", [0, 1]), ("in_stock=true", [0, 1, 3, 4, 5]),
        ("price.min=200&price.max=500&in_stock=true&spec.memory=6", [3]), ("spec.memory=5", []), ("maker=own", [0, 1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_what_is_chosen_is_what_is_left(phones: Kind, visitor: Client, choice: str, left: list[int]) -> None:
    assert shown(visitor, f"/kinds/phones/?{choice}") == left


def test_what_is_chosen_of_a_facet_does_not_count_against_its_other_values(phones: Kind, visitor: Client) -> None:
    assert counts(visitor, "/kinds/phones/", "spec.memory") == {"4": 2, "6": 2, "8": 2}
    address = "/kinds/phones/?spec.memory=4&spec.water=ip68"
    assert counts(visitor, address, "spec.memory") == {"4": 1, "6": 2}
    assert counts(visitor, address, "spec.water") == {"ip67": 1, "ip68": 1}
    assert counts(visitor, "/kinds/phones/?spec.memory=6&spec.water=ip68", "spec.gps") == {"true": 1, "false": 1}


def test_each_count_is_what_choosing_it_would_show(phones: Kind, visitor: Client) -> None:
    for value, count in counts(visitor, "/kinds/phones/?in_stock=true", "spec.memory").items():
        assert len(shown(visitor, f"/kinds/phones/?in_stock=true&spec.memory={value}")) == count


def test_a_search_is_narrowed_by_price_and_stock(phones: Kind, visitor: Client) -> None:
    assert shown(visitor, "/search/?q=phone") == [0, 1, 2, 3, 4, 5]
    assert shown(visitor, "/search/?q=phone&price.min=300&in_stock=true") == [3, 4, 5]
    assert shown(visitor, "/search/?q=phoen 3") == [3]


def test_suggestions_lead_to_products_and_kinds(phones: Kind, visitor: Client) -> None:
    told = visitor.get("/search/suggest?q=phone 2").json()
    assert told["products"][0]["name"] == "Phone 2"
    assert told["kinds"] == [{"name": "Phones", "url": "/kinds/phones/"}]
    assert visitor.get("/search/suggest").json() == {"products": [], "kinds": []}


NONSENSE = [
    "page=999999999999999999999", "page=-1", "page=x", "sort=;DROP", "price.min=x", "price.min=inf", "price.max=nan",
    "price.min=1e999", "price.min=9&price.max=1", "spec.memory=four", "spec.memory=1e400", "spec.gps=maybe", "maker=nobody",
    "spec.nothing=1", "kind=%00", "spec.water=%00", "spec.water=%F0%9F%99%82", "spec.weight.min=" + "9" * 5_000,
    "spec.water=' OR 1=1 --", "&".join(f"spec.memory={n}" for n in range(10_000)),
    "&".join(f"spec.f{n}=1" for n in range(10_000)), "q=%ff%fe",
]  # fmt: skip


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda text: text[:24])
@pytest.mark.parametrize("address", ["/kinds/phones/", "/search/"])
def test_nonsense_is_answered_well(phones: Kind, visitor: Client, address: str, nonsense: str) -> None:
    answer = visitor.get(f"{address}?q=phone&{nonsense}")
    assert answer.status_code in {200, 400}
    if "listing" in answer.context:
        assert answer.context["listing"].page.number >= 1


def test_a_longer_catalogue_takes_no_more_queries(phones: Kind, store: World, visitor: Client, queries_of: Any) -> None:
    addresses = ["/kinds/phones/?spec.memory=4&price.min=1&in_stock=true", "/search/?q=phone&maker=own", "/search/?q=phnoe",
                 "/search/suggest?q=phone"]  # fmt: skip
    few = [queries_of(visitor, address) for address in addresses]
    for number in range(30):
        product = store.thing(price=100 + number, stock=1).product
        Product.objects.filter(pk=product.pk).update(
            kind=phones, name={"en": f"Phone {number}"}, specification={"memory": number}
        )
    refresh()
    assert [queries_of(visitor, address) for address in addresses] == few
    assert max(few) <= 6


def test_what_sold_best_comes_first(phones: Kind, store: World, visitor: Client) -> None:
    variants = {
        v.product.name["en"][-1]: v for v in Variant.objects.select_related("product").filter(product__kind=phones)
    }
    for number, units in {"4": 3, "1": 2}.items():
        store.pay(store.placed((variants[number], units)))
    store.placed((variants["0"], 5))  # not paid
    add_up(store.now + MINUTE)
    order = [card.product.name["en"][-1] for card in listing(visitor, "/kinds/phones/?sort=popular").cards]
    assert order[:2] == ["4", "1"]
    assert order[2:] == ["0", "2", "3", "5"]  # as in the first order
    found = [card.product.name["en"][-1] for card in listing(visitor, "/search/?q=phone&sort=popular").cards]
    assert found[:2] == ["4", "1"]
    # What sold long ago counts no more.
    add_up(store.now + WITHIN + 2 * MINUTE)
    assert Bestseller.objects.count() == 0


def test_what_sells_meanwhile_is_seen_within_a_minute(phones: Kind, store: World, visitor: Client) -> None:
    variants = {
        v.product.name["en"][-1]: v for v in Variant.objects.select_related("product").filter(product__kind=phones)
    }
    for number, units in {"5": 1, "1": 2}.items():
        store.pay(store.placed((variants[number], units)))
        store.later(2 * MINUTE)
        add_up(store.now)
        order = [card.product.name["en"][-1] for card in listing(visitor, "/kinds/phones/?sort=popular").cards]
        assert order[0] == number


def test_adding_up_twice_or_by_two_changes_nothing(phones: Kind, store: World) -> None:
    store.pay(store.placed((Variant.objects.filter(product__kind=phones).first(), 2)))
    found = together(*[lambda: add_up(store.now + MINUTE)] * 2)
    assert found == [None, None]
    assert units_sold(store.cn.pk) == {Product.objects.filter(kind=phones).first().pk: 2}  # type: ignore[union-attr]


def test_nothing_left_says_what_to_take_back(phones: Kind, visitor: Client) -> None:
    page = visitor.get("/kinds/phones/?spec.memory=5&price.max=150&sort=cheap&page=3").content.decode()
    assert "Nothing fits all of that" in page
    assert 'href="?spec.memory=5&amp;sort=cheap">Without “Price”' in page
    assert 'href="?price.max=150&amp;sort=cheap">Without “Memory”' in page


def test_a_pages_title_says_which_it_is(phones: Kind, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "PAGE_PRODUCTS_MAX", 2)
    assert "<title>Phones · Page 2 · " in visitor.get("/kinds/phones/?page=2").content.decode()
    page = visitor.get("/kinds/phones/?page=2&sort=dear").content.decode()
    assert 'rel="prev" href="?page=1&amp;sort=dear"' in page
    assert 'rel="next" href="?page=3&amp;sort=dear"' in page
    assert "Page" not in visitor.get("/kinds/phones/").content.decode().partition("</title>")[0]


NAMES = st.one_of(
    st.sampled_from(["page", "sort", "p", "q", "kind", "maker", "in_stock", "price.min", "price.max", "spec.memory",
                     "spec.weight.min", "spec.weight.max", "spec.water", "spec.gps", "sku"]),
    st.text(max_size=12),
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=40), st.integers().map(str), st.floats().map(str),
    st.sampled_from(["true", "cheap", "popular", "ip68", "own", "phones", "\x00", "\u202e", "9" * 400, "1e308", "-0", "٣"]),
)  # fmt: skip


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/kinds/phones/", "/search/", "/search/suggest", "/products/{}/"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=30),
)
def test_any_parameters_are_answered(
    phones: Kind, visitor: Client, address: str, given_: list[tuple[str, str]]
) -> None:
    slug = Product.objects.filter(kind=phones).values_list("slug", flat=True).first()
    pairs = [("q", "phone"), *given_]
    answer = visitor.get(f"{address.format(slug)}?{urlencode(pairs, errors='replace')}")
    assert answer.status_code == 200
    if answer["Content-Type"].startswith("text/html"):
        assert answer.content.rstrip().endswith(b"</html>")
        assert len(answer.content) < 60_000
