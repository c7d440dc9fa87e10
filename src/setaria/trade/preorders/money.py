"""News of payments, for orders and for places alike: each goes to whom it is about."""

from collections.abc import Sequence
from datetime import datetime

from setaria.kernel.questions import Question, ask
from setaria.trade.orders.models import Status
from setaria.trade.orders.settle import Answer
from setaria.trade.payments import notify
from setaria.trade.payments.models import Payment
from setaria.trade.payments.notify import News
from setaria.trade.preorders import deposits
from setaria.trade.preorders.models import Place, State


def hear(news: Sequence[News], *, now: datetime) -> list[Answer | None]:
    """Apply news; an answer per payment in their order, None for one that failed."""
    for_places = [deposits.is_deposit(one.money.order_id) for one in news]
    # Orders and deposits have nothing to do with each other; each gets its own, and the answers go back in order.
    answers_of = {
        True: iter(deposits.receive([one for one, yes in zip(news, for_places, strict=True) if yes], now=now)),
        False: iter(notify.receive([one for one, yes in zip(news, for_places, strict=True) if not yes], now=now)),
    }
    return [next(answers_of[yes]) for yes in for_places]


_PAYABLE = f"SELECT FROM orders_order WHERE id = %(order)s AND status = {Status.PLACED.value} AND pay_by > %(now)s"


def wanted(payment: Payment, *, now: datetime) -> bool:
    """Whether what a payment is for can still be paid."""
    if payment.purpose == Payment.Purpose.DEPOSIT:
        place = Place.objects.filter(pk=deposits.place_of(payment.order_id), state=State.HELD)
        return place.filter(deposit_by__gt=now).exists()
    [found] = ask(Question(_PAYABLE, {"order": payment.order_id, "now": now}))
    return bool(found)
