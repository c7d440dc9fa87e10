"""A whole ordinary purchase, from the basket to "paid", many shoppers at once: by the store's own pages, and by its API.

Shoppers are members with a session each. By pages they take the steps a browser takes, redirects included, and send what
the pages' forms would send; by the API those an app takes (`channels/api`), the sandbox bank's own API among them. They
wait for nothing in between. A purchase counts when its order is paid in the database.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from random import Random
from typing import Any
from urllib.parse import urlencode

import msgspec

from setaria.site.bench.catalogue import Catalogue
from setaria.site.bench.pairs import Goal, Outcome, judge
from setaria.site.rush.client import address
from setaria.site.rush.instance import Instance
from setaria.site.rush.stage import add_customers, sign_in
from setaria.trade.orders.models import Order, Status

SHOPPERS = 8
# Ten times the best whole purchase of a peer on a machine of this size.
PURCHASES_WANTED = 96.0
PAID_WITHIN_SECONDS = 10.0  # the bank's word comes on a way of its own
TOKEN = "t" * 32  # a browser's cookie against forged forms; any will do, as long as form and cookie agree
ADDRESS = {"recipient": "Fan", "phone": "+8613800000000", "region": "北京市", "city": "Beijing", "street": "Qinghe 68",
           "postcode": "100085"}  # fmt: skip
_HIDDEN = re.compile(r'<input type="hidden" name="(order|channel|line|seen|delivery)" value="([^"]+)">')


_NOTE = re.compile(r'class="(?:note|field__error)[^"]*"[^>]*>([^<]+)')


class NotBought(Exception):
    """A step was answered otherwise than a shop should."""


class Bought(msgspec.Struct, frozen=True):
    """What a sample gave."""

    orders: list[str]
    requests: int
    seconds: float


def measure(
    instance: Instance, catalogue: Catalogue, seconds: float, samples: int, tell: Callable[[str], None]
) -> Iterator[Outcome]:
    """Let shoppers buy one thing each time, for so many seconds, so many times. Needs the catalogue laid out."""
    sessions = list(sign_in(add_customers("purchases", SHOPPERS)).values())
    things = cycle(Random(20260412).sample(catalogue.skus, len(catalogue.skus)))
    for name, shopper in (("by pages", _Browser), ("by the API", _App)):
        shoppers = [shopper(instance, catalogue.market, session) for session in sessions]
        _buy_for(shoppers, things, seconds / 2)
        found = []
        for _ in range(samples):
            found.append(_buy_for(shoppers, things, seconds))
            tell(f"purchases {name}")
        yield _judge(name, found)


def _judge(name: str, found: list[Bought]) -> Outcome:
    """Only what is paid in the database has been bought."""
    orders = [order for one in found for order in one.orders]
    paid = _paid(orders)
    each = sum(one.requests for one in found) / max(1, len(orders))
    share = paid / max(1, len(orders))
    return judge(
        Goal(10, f"whole purchases a second, {name}", PURCHASES_WANTED),
        [share * len(one.orders) / one.seconds for one in found],
        f"{len(orders)} orders, {paid} of them paid; {each:.1f} requests each; {SHOPPERS} shoppers at once",
    )


def _paid(orders: list[str]) -> int:
    ends = time.monotonic() + PAID_WITHIN_SECONDS
    while True:
        paid = Order.objects.filter(pk__in=orders, status=Status.PAID).count()
        if paid == len(orders) or time.monotonic() >= ends:
            return paid
        time.sleep(0.2)


def _buy_for(shoppers: Sequence[_Browser | _App], things: Iterator[str], seconds: float) -> Bought:
    began = time.monotonic()

    def shop(shopper: _Browser | _App) -> tuple[list[str], int]:
        before, orders = shopper.requests, []
        while time.monotonic() - began < seconds:
            orders.append(shopper.buy(next(things)))
        return orders, shopper.requests - before

    with ThreadPoolExecutor(len(shoppers)) as pool:
        found = list(pool.map(shop, shoppers))
    took = time.monotonic() - began
    return Bought([order for orders, _ in found for order in orders], sum(n for _, n in found), took)


class _App:
    """Somebody's app, signed in, on one connection that stays open."""

    def __init__(self, instance: Instance, market: str, session: str) -> None:
        host, port = address(instance.url)
        self._connection = http.client.HTTPConnection(host, port, timeout=30)
        self._headers = {"x-session-token": session, "accept-language": "en", "content-type": "application/json"}
        self._market = f"/api/v1/{market}"
        self.requests = 0

    def buy(self, sku: str) -> str:
        """Buy one; return the order's id."""
        self._ask("PUT", f"{self._market}/basket/{sku}", {"quantity": 1})
        quote = self._ask("POST", f"{self._market}/quote", {})
        lines = [{name: line[name] for name in ("sku", "quantity", "price")} for line in quote["lines"]]
        agreed = {"order_id": quote["order_id"], "mark": quote["mark"], "lines": lines}
        order = self._ask("POST", f"{self._market}/orders", {**agreed, "address": ADDRESS, "pay_by": "sandbox"})
        payment = order["payment"]
        self._ask("POST", "/api/bank/charges", {"payment_id": payment["id"], "secret": payment["next"]["secret"]})
        self._ask("GET", f"/api/v1/orders/{order['id']}")
        return str(order["id"])

    def _ask(self, method: str, path: str, sent: dict[str, Any] | None = None) -> Any:
        body = json.dumps(sent).encode() if sent is not None else None
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        self.requests += 1
        if answer.status not in (200, 201):
            raise NotBought(f"{method} {path}: {answer.status} {said.decode()[:300]}")
        return json.loads(said)


class _Browser:
    """Somebody signed in, on one connection that stays open."""

    def __init__(self, instance: Instance, market: str, session: str) -> None:
        host, port = address(instance.url)
        self._connection = http.client.HTTPConnection(host, port, timeout=30)
        self._headers = {
            "cookie": f"market={market}; csrftoken={TOKEN}; sessionid={session}", "accept-language": "en",
            "accept": "text/html",
        }  # fmt: skip
        self.requests = 0

    def buy(self, sku: str) -> str:
        """Buy one; return the order's id."""
        self._post("/basket/add", {"sku": sku, "quantity": "1"})
        hidden = _HIDDEN.findall(self._ask("GET", "/checkout/")[1])
        order = self._post("/checkout/", [*hidden, *ADDRESS.items()])
        self._ask("GET", order)
        step = self._post(f"{order}pay", {})
        while (answer := self._ask("GET", step))[0]:
            step = answer[0]
        self._post(step, {"manner": "now"})
        self._ask("GET", order)
        return order.strip("/").rpartition("/")[2]

    def _post(self, path: str, fields: dict[str, str] | list[tuple[str, str]]) -> str:
        """Send a form; return where it leads."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        where, page = self._ask("POST", path, urlencode([*pairs, ("csrfmiddlewaretoken", TOKEN)]))
        if not where:
            raise NotBought(f"{path} did not lead on: {page[:300]}")
        return where

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[str, str]:
        """Return where an answer leads (nothing: nowhere), and its page."""
        more = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        self._connection.request(method, path, form, self._headers | more)
        answer = self._connection.getresponse()
        page = answer.read().decode()
        self.requests += 1
        if answer.status not in (200, 302):
            raise NotBought(f"{method} {path}: {answer.status} {_NOTE.findall(page)}")
        return answer.headers.get("location", ""), page
