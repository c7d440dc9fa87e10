"""The bank's notifications through the gate: twice at once, forged, and for an order that is not there."""

import asyncio
import json

from django.conf import settings

from setaria.gate.intake import NotificationIntake
from setaria.kernel.ids import new_id
from setaria.trade.orders.models import MinuteOrders
from setaria.trade.payments.sandbox.tell import message
from tests.world import World


def post(*told: tuple[bytes, str]) -> list[tuple[int, dict[str, object]]]:
    """Post notifications at the same time to a gate of our own; return status and body of each."""

    async def all_at_once() -> list[tuple[int, dict[str, object]]]:
        intake = NotificationIntake(settings.SECRET_KEY)
        intake.committer.start(asyncio.get_running_loop())
        try:
            return await asyncio.gather(*(one(intake, *each) for each in told))
        finally:
            await asyncio.to_thread(intake.committer.stop)

    async def one(intake: NotificationIntake, body: bytes, signature: str) -> tuple[int, dict[str, object]]:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        answer = await intake.post("sandbox", {"headers": [(b"x-sandbox-signature", signature.encode())]}, receive)
        return answer.start["status"], json.loads(answer.body["body"])

    return asyncio.run(all_at_once())


def test_the_same_news_three_times_at_once_pays_once(today: World) -> None:
    order = today.placed(today.thing(price=100, stock=1))
    told = message(new_id(), order.id, "succeeded", 100, "CNY")
    assert post(told, told, told) == [(200, {"received": True, "outcome": "PAID"})] * 3
    assert today.status(order) == "paid"
    assert sum(MinuteOrders.objects.values_list("paid_amount", flat=True)) == 100


def test_forged_news_changes_nothing(today: World) -> None:
    order = today.placed(today.thing(price=100, stock=1))
    body, signature = message(new_id(), order.id, "succeeded", 100, "CNY")
    forged = body.replace(b"100", b"1")
    assert [status for status, _ in post((forged, signature), (body, ""), (body, "ä" * 64))] == [403, 403, 403]
    assert today.status(order) == "placed"


def test_news_of_no_order_is_not_repeated_for_ever(today: World) -> None:
    assert post(message(new_id(), new_id(), "succeeded", 100, "CNY")) == [
        (200, {"received": True, "outcome": "UNKNOWN_ORDER"})
    ]
