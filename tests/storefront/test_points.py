"""Points at the checkout: shown, chosen, taken off, and asked again when they are gone."""

from typing import Any

import pytest
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.models import Member
from setaria.trade.orders.models import Order
from setaria.trade.points.spend import reserve
from setaria.trade.purchases import buy
from setaria.trade.quotes.queries import Priced, Pricing
from tests.points.test_points import earned, has, programme
from tests.storefront.test_basket import put
from tests.storefront.test_checkout import fields_of, hidden
from tests.world import World


def test_a_member_pays_with_points_at_the_checkout(store: World, fan: Client, member: Member) -> None:
    programme(store)
    earned(store, member.pk, 80)
    put(fan, store.thing("phone", price=100, stock=5))
    page = fan.get("/checkout/").content.decode()
    assert "Pay with points: you have 80" in page
    page = fan.post("/checkout/", fields_of(page) | {"points": "1", "look": "1"}).content.decode()
    assert "up to 50% of the goods" in page
    sent = fields_of(page) | {"points": "1"}
    assert fan.post("/checkout/", sent).status_code == 302
    assert Order.objects.order_by("placed_at", "pk").last().total == 50  # type: ignore[union-attr]
    assert has(member.pk) == 30


def test_points_spent_in_another_window_order_nothing(
    store: World, fan: Client, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme(store)
    earned(store, member.pk, 80)
    put(fan, store.thing("phone", price=100, stock=5))
    page = fan.post("/checkout/", hidden(fan) | {"points": "1", "look": "1"}).content.decode()

    class AndThenSpent(Pricing):
        def priced(self, answers: Any) -> Priced:
            quoted = super().priced(answers)
            reserve(new_id(), member.pk, store.cn.pk, has(member.pk), now=store.now)
            return quoted

    monkeypatch.setattr(buy, "Pricing", AndThenSpent)
    said = fan.post("/checkout/", fields_of(page) | {"points": "1"}).content.decode()
    assert "Your points were spent in another window" in said
    assert Order.objects.count() == 1
