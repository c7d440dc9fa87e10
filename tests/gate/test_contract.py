"""What `/rush/openapi.json` promises, tried out with whatever fits its schemas and with what does not.

Schemathesis runs in a loop of its own; the gate lives in the one its committers answer to, so requests are handed over.
"""

import asyncio
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from setaria.gate import openapi
from setaria.kernel import clock
from setaria.trade.queues import tickets
from tests.gate.client import SECONDS_MAX, Client, running, until
from tests.gate.conftest import Night
from tests.queues.room import KEY, queued
from tests.world import HOUR, MINUTE

EXAMPLES = 60  # an operation
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
REACHED = {  # or the examples would be of little worth
    "/rush/{drop}": {200, 404},
    "/rush/{drop}/orders": {201, 403, 404, 409},
    "/rush/{drop}/room": {200, 403, 404},
    "/rush/{programme}/places": {404},
    "/payments/sandbox/notify": {403},
    "/health": {200},
    "/ready": {200},
}
OPERATIONS = [
    (path, method)
    for path, methods in openapi.DOCUMENT["paths"].items()
    for method in methods
    if method in ("get", "post")
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(openapi.DOCUMENT))


def handed_over(client: Client) -> Any:
    """The gate as an application for other loops."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":  # it lives already
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())

        async def replay() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        sent: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            sent.append(message)

        future = asyncio.run_coroutine_threadsafe(client.gate(scope, replay, keep), client.loop)
        await asyncio.wait_for(asyncio.wrap_future(future), SECONDS_MAX)
        for message in sent:
            await send(message)

    return app


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_the_gate_keeps_its_contract(path: str, method: str, night: Night) -> None:
    with running() as gate:
        until(lambda: night.drop.slug in gate.gate.memory.drops)
        config = SchemathesisConfig.from_dict({"generation": {"mode": "all"}})
        schema = schemathesis.openapi.from_asgi("/rush/openapi.json", handed_over(gate), config=config)
        operation = schema[path][method]
        drop, fan = night.drop, night.world.member()
        if path.endswith("/room"):
            drop = queued(night.world, {night.band: 1}, opens_at=clock.now() - MINUTE, closes_at=clock.now() + HOUR)
            until(lambda: drop.slug in gate.gate.memory.drops and drop.slug in gate.gate.rooms.rooms)
        seen: set[int] = set()

        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(operation.as_strategy(), hypothesis.strategies.integers(0, 3))
        def try_out(case: Any, real: int) -> None:
            # Left to chance, no drop would ever be hit, and no pass ever be ours.
            if real and "drop" in (case.path_parameters or {}):
                case.path_parameters["drop"] = drop.slug
            if real and "programme" in (case.path_parameters or {}):
                case.path_parameters["programme"] = night.programme.slug
                if real == 3 and isinstance(case.body, dict):
                    case.body["pass"] = gate.leave(night.programme, fan)
            elif real > 1 and path.endswith("/room"):
                ticket = tickets.issue(KEY, fan, drop.pk, clock.now())
                for where in (case.query, case.body):
                    if isinstance(where, dict) and "ticket" in where:
                        where["ticket"] = ticket
            elif real > 1 and isinstance(case.body, dict) and "pass" in case.body:
                case.body["pass"] = gate.token(drop)
                if real == 3:
                    case.body["lines"] = [{"sku": night.band.sku, "quantity": 1, "price": 14900}]
            response = case.call()
            seen.add(response.status_code)
            case.validate_response(
                response, checks=CHECKS, excluded_checks=[] if response.status_code != 503 else CHECKS[:1]
            )

        try_out()
        assert seen >= REACHED[path]
