"""A whole ordinary purchase, from the basket to "paid", many shoppers at once: by the store's own pages, and by its API.

Shoppers are members with a session each. By pages they take the steps a browser takes, redirects included, and send what
the pages' forms would send; by the API those an app takes (`channels/api`), the sandbox bank's own API among them. They
wait for nothing in between. A purchase counts when its order is paid in the database.
"""

from __future__ import annotations

import re
import socket
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
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_WHERE = re.compile(rb"\r\nlocation: ([^\r]+)", re.IGNORECASE)
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
        before, orders = shopper.line.requests, []
        while time.monotonic() - began < seconds:
            orders.append(shopper.buy(next(things)))
        return orders, shopper.line.requests - before

    with ThreadPoolExecutor(len(shoppers)) as pool:
        found = list(pool.map(shop, shoppers))
    took = time.monotonic() - began
    return Bought([order for orders, _ in found for order in orders], sum(n for _, n in found), took)


class _Line:
    """A shopper's connection, which stays open, as cheap as Python allows: what it costs is not the shop's doing."""

    def __init__(self, instance: Instance, headers: dict[str, str]) -> None:
        host, port = address(instance.url)
        self._socket = socket.create_connection((host, port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in {"host": host, **headers}.items())
        self.requests = 0

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, bytes]:
        """Send a request; return its answer's status, head and body."""
        length = "" if body is None else f"content-length: {len(body)}\r\n"
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{self._head}{length}\r\n".encode() + (body or b""))
        self.requests += 1
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self._more()
        whole = end + 4 + int(_LENGTH.findall(got[:end])[0])
        while len(got) < whole:
            got += self._more()
        return int(got[9:12]), got[:end], got[end + 4 :]

    def _more(self) -> bytes:
        got = self._socket.recv(65_536)
        if not got:
            raise NotBought("hung up on")
        return got


class _App:
    """Somebody's app, signed in."""

    def __init__(self, instance: Instance, market: str, session: str) -> None:
        headers = {"x-session-token": session, "accept-language": "en", "content-type": "application/json"}
        self.line = _Line(instance, headers)
        self._market = f"/api/v1/{market}"

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
        status, _head, said = self.line.ask(method, path, None if sent is None else msgspec.json.encode(sent))
        if status not in (200, 201):
            raise NotBought(f"{method} {path}: {status} {said.decode()[:300]}")
        return msgspec.json.decode(said)


class _Browser:
    """Somebody signed in."""

    def __init__(self, instance: Instance, market: str, session: str) -> None:
        cookies = f"market={market}; csrftoken={TOKEN}; sessionid={session}"
        form = "application/x-www-form-urlencoded"
        headers = {"cookie": cookies, "accept-language": "en", "accept": "text/html", "content-type": form}
        self.line = _Line(instance, headers)

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
        where, page = self._ask("POST", path, urlencode([*pairs, ("csrfmiddlewaretoken", TOKEN)]).encode())
        if not where:
            raise NotBought(f"{path} did not lead on: {page[:300]}")
        return where

    def _ask(self, method: str, path: str, form: bytes | None = None) -> tuple[str, str]:
        """Return where an answer leads (nothing: nowhere), and its page."""
        status, head, body = self.line.ask(method, path, form)
        page = body.decode()
        if status not in (200, 302):
            raise NotBought(f"{method} {path}: {status} {_NOTE.findall(page)}")
        where = _WHERE.search(head)
        return where[1].decode() if where else "", page
