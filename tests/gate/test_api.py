"""The API behind the gate: its contract tried out at random, other sites' pages, and bodies that do not end."""

from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.config import SchemathesisConfig

from setaria.channels.api import openapi
from setaria.kernel.ids import new_id
from setaria.people.members.models import Address, Member
from tests.api.conftest import ADDRESS, session_of
from tests.gate import client
from tests.gate.client import Client, running, until
from tests.gate.conftest import Night
from tests.gate.test_contract import CHECKS, handed_over

EXAMPLES = 40  # an operation
OPERATIONS = [(path, method) for path, methods in openapi.DOCUMENT["paths"].items() for method in methods]
HEADERS = {"host": "localhost", "accept-language": "en"}


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_the_api_keeps_its_contract(path: str, method: str, night: Night, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    fan = Member.objects.get(pk=night.world.member())
    token = session_of(fan)
    order = night.world.placed(night.band, by=fan.pk)
    address = Address.objects.create(member=fan, **ADDRESS, country="CN").pk
    with running() as gate:
        until(lambda: gate.gate.memory.ready)
        config = SchemathesisConfig.from_dict({"generation": {"mode": "all"}})
        schema = schemathesis.openapi.from_asgi(
            "/api/v1/openapi.json", handed_over(gate), config=config, headers=HEADERS
        )
        operation = schema[path][method]
        seen: set[int] = set()

        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(operation.as_strategy(), hypothesis.strategies.integers(0, 3))
        def try_out(case: Any, real: int) -> None:
            parts = case.path_parameters or {}
            if real:  # left to chance, nothing there is would ever be hit
                slug = night.drop.slug if "/drops/" in path else night.band.product.slug
                known = {"market": "cn", "slug": slug, "sku": night.band.sku, "order_id": order.id, "number": address}
                case.path_parameters = parts | {name: str(known[name]) for name in parts if name in known}
            case.headers = {name: value for name, value in (case.headers or {}).items() if real == 0} | HEADERS
            if real > 1:
                case.headers["X-Session-Token"] = token
            if real == 3 and path.endswith("/quote"):
                case.body = {"lines": [{"sku": night.band.sku, "quantity": 1}]}
            response = case.call()
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        try_out()
        assert seen - {404} != set()


def test_the_document_is_served(gate: Client) -> None:
    said = gate.ask("GET", "/api/v1/openapi.json", headers=HEADERS)
    assert said.json == msgspec.json.decode(msgspec.json.encode(openapi.DOCUMENT))
    assert said.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("chunk", [0, 1_000])
def test_a_body_without_an_end_is_not_read_to_the_end(chunk: int, gate: Client) -> None:
    said = gate.ask("POST", "/api/v1/cn/quote", b" " * 70_000, HEADERS, chunk)
    assert said.said == (413, "TOO_LARGE")


def test_other_sites_pages_may_not_call_unless_they_are_named(gate: Client, settings: Any) -> None:
    asked = HEADERS | {"origin": "https://app.example.com"}
    assert "access-control-allow-origin" not in gate.ask("GET", "/api/v1/", headers=asked).headers
    assert gate.ask("OPTIONS", "/api/v1/", headers=asked).status == 405
    settings.API_ORIGINS = ["https://app.example.com"]
    assert gate.ask("GET", "/api/v1/", headers=asked).headers["access-control-allow-origin"] == asked["origin"]
    told = gate.ask("OPTIONS", "/api/v1/cn/quote", headers=asked)
    assert (told.status, told.body) == (204, b"")
    assert "x-session-token" in told.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in told.headers
    other = asked | {"origin": "https://evil.example.com"}
    assert "access-control-allow-origin" not in gate.ask("GET", "/api/v1/", headers=other).headers


def test_the_banks_own_api_is_there(gate: Client) -> None:
    assert gate.ask("GET", "/api/bank/charges", headers=HEADERS).status == 405
    body = msgspec.json.encode({"payment_id": new_id(), "secret": "x"})
    assert gate.ask("POST", "/api/bank/charges", body, HEADERS).said == (404, "NOT_FOUND")


def test_no_cookie_goes_in_or_out(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(scope: dict[str, Any], form: bytes) -> list[dict[str, Any]]:
        return client.said(dict(scope["headers"]).get(b"cookie", b"none"), (b"set-cookie", b"messages=1"))

    monkeypatch.setattr(client, "page", page)
    with running() as gate:
        sent = HEADERS | {"cookie": "visitor=1"}
        there, here = gate.ask("GET", "/basket/", headers=sent), gate.ask("GET", "/api/accounts/x", headers=sent)
    assert (there.body, "set-cookie" in there.headers) == (b"visitor=1", True)
    assert (here.body, "set-cookie" in here.headers) == (b"none", False)
