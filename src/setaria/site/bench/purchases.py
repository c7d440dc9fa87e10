"""A whole ordinary purchase by the store's own pages, from a thing's page to "paid", many shoppers at once.

Shoppers are members with a session each. They take the steps a browser takes, redirects included, and send what the
pages' forms would send; they wait for nothing in between. A purchase counts when its order is paid in the database.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from random import Random
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
    _buy_for(instance, catalogue.market, sessions, things, seconds / 2)
    found = []
    for _ in range(samples):
        found.append(_buy_for(instance, catalogue.market, sessions, things, seconds))
        tell("purchases")
    orders = [order for one in found for order in one.orders]
    paid = _paid(orders)
    each = sum(one.requests for one in found) / max(1, len(orders))
    yield judge(
        Goal(10, "whole purchases a second", PURCHASES_WANTED),
        [len(one.orders) / one.seconds for one in found],
        f"{len(orders)} orders, {paid} of them paid; {each:.1f} requests each; {SHOPPERS} shoppers at once",
    )


def _paid(orders: list[str]) -> int:
    ends = time.monotonic() + PAID_WITHIN_SECONDS
    while True:
        paid = Order.objects.filter(pk__in=orders, status=Status.PAID).count()
        if paid == len(orders) or time.monotonic() >= ends:
            return paid
        time.sleep(0.2)


def _buy_for(instance: Instance, market: str, sessions: list[str], things: Iterator[str], seconds: float) -> Bought:
    began = time.monotonic()

    def shop(session: str) -> tuple[list[str], int]:
        shopper, orders = _Shopper(instance, market, session), []
        while time.monotonic() - began < seconds:
            orders.append(shopper.buy(next(things)))
        return orders, shopper.requests

    with ThreadPoolExecutor(len(sessions)) as pool:
        found = list(pool.map(shop, sessions))
    took = time.monotonic() - began
    return Bought([order for orders, _ in found for order in orders], sum(n for _, n in found), took)


class _Shopper:
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
