"""Tickets to the wall's stream, and the gate that asks for them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from setaria.gate.app import Gate
from setaria.kernel import clock
from setaria.sight.wall.ticket import TICKET_SECONDS, lapses_at, make
from tests.world import World

NOW = datetime(2031, 11, 11, tzinfo=UTC)
TICKET = make("cn", NOW)
LAST = timedelta(seconds=TICKET_SECONDS)


def test_a_ticket_opens_its_market_for_a_while() -> None:
    assert lapses_at("cn", TICKET, NOW) == NOW + LAST
    assert lapses_at("cn", TICKET, NOW + LAST - timedelta(seconds=1))
    assert not lapses_at("cn", TICKET, NOW + LAST)
    assert not lapses_at("in", TICKET, NOW)
    assert not lapses_at("cn", "", NOW)


@given(st.text(max_size=120))
def test_nothing_else_opens_it(ticket: str) -> None:
    assert not lapses_at("cn", ticket, NOW)


@given(st.integers(0, len(TICKET) - 1), st.characters(codec="ascii"))
def test_a_changed_ticket_opens_nothing(at: int, letter: str) -> None:
    changed = TICKET[:at] + letter + TICKET[at + 1 :]
    assert changed == TICKET or not lapses_at("cn", changed, NOW)


def get(path: str) -> tuple[int, dict[str, object]]:
    """Ask the gate as a server would, and return status and body."""

    async def ask() -> tuple[int, dict[str, object]]:
        gate = Gate(lambda *_: [], "secret")  # type: ignore[arg-type,return-value]
        route, _, query = path.partition("?")
        scope = {"type": "http", "method": "GET", "path": route, "query_string": query.encode(), "headers": []}
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        async def receive() -> dict[str, object]:
            return {"type": "http.request"}

        await gate(scope, receive, send)
        await gate.screens.stop()
        await gate.memory.stop()
        return sent[0]["status"], json.loads(sent[1]["body"])  # type: ignore[return-value,arg-type]

    return asyncio.run(ask())


@pytest.mark.parametrize("ticket", ["", "?ticket=", "?ticket=cn:9999999999:x", "?other=1", "?ticket=%ff%fe"])
@pytest.mark.parametrize("what", ["figures", "stream"])
def test_the_gate_shows_nothing_without_one(today: World, what: str, ticket: str) -> None:
    assert get(f"/wall/cn/{what}{ticket}")[0] == 404


def test_the_gate_shows_nothing_for_another_markets_or_a_lapsed_one(today: World) -> None:
    assert get(f"/wall/cn/figures?ticket={quote(make('us', clock.now()))}")[0] == 404
    assert get(f"/wall/cn/figures?ticket={quote(make('cn', clock.now() - LAST))}")[0] == 404


def test_with_one_it_shows_the_figures(today: World) -> None:
    status, figures = get(f"/wall/cn/figures?ticket={quote(make('cn', clock.now()))}")
    assert (status, figures["market"], figures["paid_amount"]) == (200, "cn", 0)
