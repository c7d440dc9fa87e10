"""Narrowing a kind's products by their specification: what is left, what is counted, what nonsense does."""

from typing import Any

import pytest
from django.test import Client

from setaria.goods.catalog.models import Kind, Product
from setaria.goods.search.refresh import refresh
from tests.world import World

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
