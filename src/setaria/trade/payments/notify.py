"""What providers tell us about payments: applied in batches, harmless when repeated."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from setaria.trade.orders.settle import Answer, Money, settle


class News(msgspec.Struct, frozen=True):
    """A provider's verified word on one payment; `money` is what it took, if the payment succeeded."""

    money: Money
    succeeded: bool


def receive(news: Sequence[News], *, now: datetime) -> list[Answer | None]:
    """Settle the payments that succeeded and note the ones that failed; an answer per payment, None for a failed one.

    The settlement commits first: it alone decides whether an order is paid. Our own record of the attempt follows,
    and a crash between the two is healed by the provider's repetition.
    """
    succeeded = [n.money for n in news if n.succeeded]
    answers = iter(settle(succeeded, now=now))
    end([n.money.payment_id for n in news if n.succeeded], "succeeded", now)
    end([n.money.payment_id for n in news if not n.succeeded], "failed", now)
    return [next(answers) if n.succeeded else None for n in news]


def end(payment_ids: list[UUID], status: str, now: datetime) -> None:
    """Note how attempts ended. A success that comes after a failure wins; a failure never undoes a success."""
    if not payment_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payments_payment SET status = %s, ended_at = %s WHERE id = ANY (%s) AND status <> 'succeeded'",
            [status, now, payment_ids],
        )
