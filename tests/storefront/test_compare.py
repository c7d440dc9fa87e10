"""Comparing: by the typed specification, of one kind, four at most, and all of it in the address."""

import re
from typing import Any

from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setaria.goods.catalog.models import Kind, Product
from tests.storefront.test_listing import phones  # noqa: F401 (a fixture)
from tests.world import World


def slugs() -> list[str]:
    return list(Product.objects.filter(kind__slug="phones").order_by("pk").values_list("slug", flat=True))


def compare(visitor: Client, *chosen: str, **more: str) -> Any:
    answer = visitor.get("/compare/", {"p": chosen, **more})
    assert answer.status_code == 200
    return answer


def rows(answer: Any) -> dict[str, tuple[tuple[str, ...], bool]]:
    return {row.name: (row.values, row.differs) for row in answer.context["rows"]}


def test_what_differs_is_marked(phones: Kind, visitor: Client) -> None:  # noqa: F811
    first, second, *_ = slugs()
    answer = compare(visitor, first, second)
    assert rows(answer) == {
        "Memory": (("4", "4"), False), "Weight": (("100.5", "120"), True), "Water": (("IP67", "IP68"), True),
        "GPS": (("Yes", "Yes"), False), "Made by": (("Setaria", "Setaria"), False),
    }  # fmt: skip
    page = answer.content.decode()
    assert page.count('class="compare__differs"') == 2
    assert "They differ" in page
    assert set(rows(compare(visitor, first, second, only="differences"))) == {"Weight", "Water"}


def test_the_order_is_the_addresss_and_taking_out_is_a_link(phones: Kind, visitor: Client) -> None:  # noqa: F811
    first, second, third, *_ = slugs()
    answer = compare(visitor, third, first, second)
    assert [column.card.product.slug for column in answer.context["columns"]] == [third, first, second]
    assert answer.context["columns"][1].without == f"/compare/?p={third}&p={second}"
    answer = visitor.get(answer.context["columns"][1].without)
    assert [column.card.product.slug for column in answer.context["columns"]] == [third, second]


def test_four_at_most_of_one_kind_each_once(phones: Kind, store: World, visitor: Client) -> None:  # noqa: F811
    other = store.thing("other").product.slug
    chosen = slugs()
    answer = compare(visitor, chosen[0], chosen[0], other, *chosen[1:])
    assert [column.card.product.slug for column in answer.context["columns"]] == chosen[:4]
    assert "the rest was left out" in answer.content.decode()
    answer = compare(visitor, chosen[0])
    assert "the rest was left out" not in answer.content.decode()
    assert len(answer.context["others"]) == 5


def test_what_is_not_shown_here_is_not_compared(phones: Kind, visitor: Client) -> None:  # noqa: F811
    first, second, *_ = slugs()
    Product.objects.filter(slug=first).update(published=False)
    assert len(compare(visitor, first, second).context["columns"]) == 1
    assert "Nothing to compare yet" in compare(visitor, first).content.decode()


def test_a_field_that_one_lacks_is_shown_as_not_stated(phones: Kind, visitor: Client) -> None:  # noqa: F811
    first, second, *_ = slugs()
    Product.objects.filter(slug=first).update(specification={"memory": 4})
    answer = compare(visitor, first, second)
    assert rows(answer)["Weight"] == (("", "120"), True)
    assert "not stated" in answer.content.decode()


def test_it_takes_as_many_queries_whatever_is_compared(phones: Kind, visitor: Client, queries_of: Any) -> None:  # noqa: F811
    chosen = slugs()
    compare(visitor, chosen[0])
    two = queries_of(visitor, "/compare/?" + "&".join(f"p={slug}" for slug in chosen[:2]))
    three = queries_of(visitor, "/compare/?" + "&".join(f"p={slug}" for slug in chosen[:3]))
    assert two == three <= 12


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=90), max_size=60), st.text(max_size=20))
def test_any_address_is_answered(phones: Kind, visitor: Client, given_: list[str], only: str) -> None:  # noqa: F811
    answer = compare(visitor, *slugs()[:2], *given_, only=only)
    assert 2 <= len(answer.context["columns"]) <= 4


def test_a_listing_offers_it_without_a_script(phones: Kind, visitor: Client) -> None:  # noqa: F811
    first, second, *_ = slugs()
    page = visitor.get(f"/kinds/phones/?p={first}").content.decode()
    assert page.count('form="compare"') == 6
    assert re.search(r'<form class="tray" id="compare" action="/compare/"', page)
    assert f'<input type="hidden" name="p" value="{first}">' in page
    assert 'form="compare"' not in visitor.get("/").content.decode()
    assert f'href="/compare/?p={second}"' in visitor.get(f"/products/{second}/").content.decode()
