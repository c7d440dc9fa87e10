"""Stripe over real HTTP: a `localstripe` of our own, and a line to it that can break."""

import contextlib
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from setaria.trade.payments.models import Payment
from tests.world import World

SECRET = "whsec_only-for-tests"
VISA, DECLINED = "4242424242424242", "4000000000000341"


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Line:
    """What stands between us and a provider: passes on, or loses the answer after the request arrived."""

    def __init__(self, port: int) -> None:
        self.lose_answers = 0
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far, contextlib.suppress(OSError):
            threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
            while data := far.recv(65536):
                if self.lose_answers:
                    self.lose_answers -= 1
                    return
                near.sendall(data)

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)

    def close(self) -> None:
        self._server.close()


class FakeStripe:
    """The fake's address, and what a buyer or Stripe itself would do there."""

    def __init__(self, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.url, auth=("sk_test_12345", ""), trust_env=False, timeout=10)

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, path: str, **data: str) -> Any:
        answer = self._http.request(method, path, data=data or None)
        return answer.json() if answer.content else None

    def pay(self, payment: Payment, card: str = VISA) -> Any:
        """The buyer fills in the form."""
        payment.refresh_from_db()
        self.fill_in(payment, card)
        return self.call("POST", f"/v1/payment_intents/{payment.reference}/confirm")

    def fill_in_intent(self, reference: str, card: str) -> Any:
        """The buyer fills in the form of an intent, and its card is asked for."""
        self.fill_in(Payment(reference=reference), card)
        return self.call("POST", f"/v1/payment_intents/{reference}/confirm")

    def fill_in(self, payment: Payment, card: str) -> None:
        method = self.call(
            "POST", "/v1/payment_methods",
            **{"type": "card", "card[number]": card, "card[exp_month]": "12", "card[exp_year]": "2034", "card[cvc]": "123"},
        )  # fmt: skip
        self.call("POST", f"/v1/payment_intents/{payment.reference}", payment_method=method["id"])

    def intent(self, payment: Payment) -> Any:
        payment.refresh_from_db()
        return self.call("GET", f"/v1/payment_intents/{payment.reference}")


def signed(event: dict[str, Any], secret: str = SECRET, at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """An event as Stripe posts it."""
    body = json.dumps(event).encode()
    at = int(time.time()) if at is None else at
    mark = hmac.new(secret.encode(), b"%d.%s" % (at, body), hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={at},v1={mark}"}


def event(type: str, **about: Any) -> dict[str, Any]:
    """An event about an object."""
    return {"id": "evt_1", "object": "event", "type": type, "livemode": False, "created": int(time.time()),
            "data": {"object": about}}  # fmt: skip


def intent_event(payment: Payment, type: str = "payment_intent.succeeded", **changes: Any) -> dict[str, Any]:
    """What Stripe tells of a payment that went well, with what a test changes."""
    about = {
        "object": "payment_intent", "id": payment.reference or "pi_1", "status": "succeeded", "currency": payment.currency.lower(),
        "amount": payment.amount, "amount_received": payment.amount, "amount_capturable": 0,
        "metadata": {"payment": str(payment.pk), "order": str(payment.order_id)},
    }  # fmt: skip
    return event(type, **(about | changes))


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeStripe]:
    """The fake, running."""
    port = free_port()
    log = tmp_path_factory.mktemp("localstripe") / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "localstripe", "--port", str(port), "--from-scratch"], stdout=out, stderr=out,
            cwd=log.parent,
        )  # fmt: skip
    fake = FakeStripe(port)
    deadline = time.monotonic() + 30
    while True:
        try:
            fake.call("GET", "/v1/customers")
            break
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    yield fake
    fake.close()
    process.terminate()
    process.wait(10)


@pytest.fixture
def line(localstripe: FakeStripe) -> Iterator[Line]:
    line = Line(localstripe.port)
    yield line
    line.close()


@pytest.fixture
def stripe(localstripe: FakeStripe, monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeStripe:
    """Stripe as the one means of payment, with the fake behind it."""
    for name, value in {
        "SECRET_KEY": "sk_test_12345", "PUBLISHABLE_KEY": "pk_test_12345", "WEBHOOK_SECRET": SECRET,
        "API_URL": localstripe.url, "SCRIPT_URL": f"{localstripe.url}/js.stripe.com/v3/",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SETARIA_STRIPE_{name}", value)
    settings.PAYMENT_PROVIDERS = [("stripe", frozenset())]
    return localstripe


def started(world: World, **how: Any) -> Payment:
    """A payment of a fresh order, begun at Stripe."""
    from setaria.trade.payments.begin import begin
    from setaria.trade.payments.start import start

    member = world.member()
    order = world.placed(world.thing(price=10_000, stock=5), by=member)
    payment = start(order.id, member, "stripe", world.now)
    assert isinstance(payment, Payment)
    begin(payment)
    return payment
