"""How often a whole purchase goes to the database: so many trips a step, whatever is bought."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.channels.storefront import directory
from setaria.trade.quotes.models import ShippingRate
from tests.promotions.test_spend import promotion
from tests.storefront.test_basket import put
from tests.storefront.test_checkout import fields_of
from tests.world import World

# BEGIN and COMMIT are trips, too. The door's own two are not counted here (`tests/orders`).
TRIPS_MAX = {
    "add": 9,
    "checkout": 8,
    "place": 28,
    "order": 5,
    "pay": 11,
    "provider": 5,
    "bank": 4,
    "press": 11,
    "paid": 5,
}


class Buyer:
    """Somebody who buys, and counts."""

    def __init__(self, client: Client) -> None:
        self.client, self.trips = client, dict.fromkeys(TRIPS_MAX, 0)

    def ask(self, step: str, method: str, path: str, fields: dict[str, object] | None = None) -> str:
        """Take a step; return where it leads, or the page."""
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(self.client, method)(path, fields or {})
        assert answer.status_code in (200, 302), answer.content[:300]
        self.trips[step] = len(queries)
        return str(answer["Location"] if answer.status_code == 302 else answer.content.decode())

    def buy(self) -> None:
        """From the last thing put in to "paid"."""
        sent = fields_of(self.ask("checkout", "get", "/checkout/"))
        order = self.ask("place", "post", "/checkout/", sent)
        self.ask("order", "get", order)
        bank = self.ask("provider", "get", self.ask("pay", "post", f"{order}pay"))
        self.ask("bank", "get", bank)
        self.ask("press", "post", bank, {"manner": "now"})
        self.ask("paid", "get", order)


@pytest.mark.parametrize("many", [1, 9])
def test_a_purchase_goes_to_the_database_so_often_whatever_is_bought(
    store: World, fan: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(directory, "_kept", (0.0, []))
    settings.STOREFRONTS_KEPT_SECONDS = 3600.0  # the storefronts are read once a second, by whoever comes then
    ShippingRate.objects.create(market=store.cn, code="post", name={"en": "Post"}, amount=1_000)
    promotion(store, needs_code=False)
    things = [store.thing(stock=9, price=10_000) for _ in range(many)]
    buyer = Buyer(fan)
    for _ in range(2):  # the second time things, address and basket are known
        for thing in things[1:]:
            put(fan, thing)
        buyer.ask("add", "post", "/basket/add", {"sku": things[0].sku, "quantity": "1"})
        buyer.buy()
    over = {step: (trips, TRIPS_MAX[step]) for step, trips in buyer.trips.items() if trips > TRIPS_MAX[step]}
    assert not over, buyer.trips
