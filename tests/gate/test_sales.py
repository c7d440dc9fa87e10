"""Two web processes and one stock: what one has sold since, the other must not refuse from memory."""

from pathlib import Path
from uuid import UUID

import pytest
from django.db import OperationalError

from setaria.gate import board
from setaria.gate.intake import OrderIntake
from setaria.gate.sales import SLOTS, LastSales
from setaria.kernel.ids import new_id
from setaria.trade.orders.release import Cancellation, cancel
from setaria.trade.orders.requests import Line, Placed, Request
from tests.gate.client import running, until
from tests.gate.conftest import Night


def refused_from_memory(night: Night, here: LastSales, there: LastSales) -> bool:
    """Whether this process would refuse an order that the other has just placed from stock that came back."""
    this, that = OrderIntake("secret", here), OrderIntake("secret", there)

    def order(quantity: int, customer: int) -> Request:
        lines = (Line(night.phone.id, quantity, 199900),)
        return Request(new_id(), customer, night.drop.channel_id, lines, night.drop.id)

    first = [order(3, 1), order(2, 2)]
    assert all(isinstance(outcome, Placed) for outcome in this._place(first))
    item = board.read({})[night.drop.slug].items[night.phone.sku]
    stranger = new_id()
    assert (item.free, item.refuses(stranger, here)) == (0, True)
    assert not item.refuses(first[0].id, here)  # a repeat of what the snapshot knows
    cancel([Cancellation(first[1].id, 2)], now=night.world.now)
    lucky = order(1, 3)
    assert isinstance(that._place([lucky])[0], Placed)
    return item.refuses(lucky.id, here)


def test_an_order_of_another_process_is_not_refused_when_repeated(night: Night, tmp_path: Path) -> None:
    assert not refused_from_memory(night, LastSales(tmp_path / "sales"), LastSales(tmp_path / "sales"))


def test_twin_without_the_shared_file_it_is(night: Night) -> None:
    assert refused_from_memory(night, LastSales(), LastSales())


@pytest.mark.parametrize("variant", [7, 7 + SLOTS])
def test_a_file_from_before_the_last_boot_does_no_harm(variant: int, tmp_path: Path) -> None:
    sales = LastSales(tmp_path / "sales")
    sales._sold_at[7] = 1e15
    assert not sales.any_since(variant, 1.0)
    LastSales(tmp_path / "sales").note([7])
    assert sales.any_since(variant, 1.0)
    assert not sales.any_since(8, 1.0)


def test_a_board_that_cannot_be_read_refuses_nobody(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as gate:
        assert gate.order(night.drop, (night.phone.sku, 3, 199900)).status == 201
        first = gate.order(night.drop, (night.phone.sku, 2, 199900), token=gate.token(night.drop, 2))
        item = lambda: gate.gate.memory.drops[night.drop.slug].items[night.phone.sku]  # noqa: E731
        until(lambda: item().free == 0)
        monkeypatch.setattr(board, "read", unreadable)
        until(lambda: not gate.gate.memory.ready)
        cancel([Cancellation(UUID(first.json["id"]), 2)], now=night.world.now)
        assert item().free == 0  # as far as it knows
        monkeypatch.setattr(board, "FRESH_SECONDS", 0.0)
        assert gate.order(night.drop, night.a_phone, token=gate.token(night.drop, 3)).status == 201


def test_twin_that_trusts_an_old_board_refuses(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as gate:
        assert gate.order(night.drop, (night.phone.sku, 3, 199900)).status == 201
        first = gate.order(night.drop, (night.phone.sku, 2, 199900), token=gate.token(night.drop, 2))
        until(lambda: gate.gate.memory.drops[night.drop.slug].items[night.phone.sku].free == 0)
        monkeypatch.setattr(board, "read", unreadable)
        monkeypatch.setattr(board, "FRESH_SECONDS", float("inf"))
        until(lambda: not gate.gate.memory.ready)
        cancel([Cancellation(UUID(first.json["id"]), 2)], now=night.world.now)
        refused = gate.order(night.drop, night.a_phone, token=gate.token(night.drop, 3))
        assert refused.said == (409, "SOLD_OUT")


def unreadable(before: object) -> object:
    """A database that does not answer the board."""
    raise OperationalError
