"""A process that dies at one step of paying, by its own SIGKILL: nothing is cleaned up, nothing is caught.

Run as a program with the step, the instant, and what the step needs.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(statement: str) -> Callable[..., Any]:
    """Die when the database is about to be asked this: what was written in the same transaction is not committed."""

    def run(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if statement in sql:
            die()
        return execute(sql, *rest)

    return run


# Money for a place of a programme: its deposit, its turn, what is left to pay.
ADVANCES = (
    "before the deposit is committed", "after the deposit was settled", "before the order is made",
    "after the order was made", "after the deposit was credited", "before the balance is committed",
    "after the balance was settled", "after the deposit was taken back", "before the deposit's refund is noted",
)  # fmt: skip
BOOKS = ("before the lines of entries", "before entries are committed", "after the first kind of entries")


def dying_advances(step: str, now: datetime) -> None:
    from django.db import connection

    from setaria.kernel import batches
    from setaria.trade.payments import notify
    from setaria.trade.payments.ask import ask_due
    from setaria.trade.preorders import deposits, supply
    from setaria.trade.preorders.money import hear, wanted

    match step:
        case "after the deposit was settled":
            deposits.end = die  # type: ignore[assignment]
        case "before the order is made":
            supply.place = die  # type: ignore[assignment]
        case "after the order was made":
            deposits.credit = die  # type: ignore[assignment]
        case "after the deposit was credited" | "after the deposit was taken back":
            deposits._note = die  # type: ignore[assignment]
        case "before the balance is committed":
            batches.Batch.commit = die  # type: ignore[method-assign, assignment]
        case "after the balance was settled":
            notify.end = die  # type: ignore[assignment]
    statements = {
        "before the deposit is committed": deposits._STAND,
        "before the deposit's refund is noted": deposits._COLLECT,
    }
    with connection.execute_wrapper(before(statements.get(step, "nothing that is asked"))):
        ask_due(now=now, hear=hear, wanted=wanted)
        deposits.decide(now=now)
        deposits.collect(now=now)
        supply.call_all(now=now)


def dying_books(step: str, now: datetime) -> None:
    from django.db import connection

    from setaria.trade.books import record

    enter = record._record_some

    def entered(*which: Any) -> None:
        enter(*which)
        die()

    if step == "after the first kind of entries":
        record._record_some = entered  # type: ignore[assignment]
    statements = {
        "before the lines of entries": "INSERT INTO books_posting",
        "before entries are committed": "INSERT INTO books_mark (source, until) VALUES",
    }
    with connection.execute_wrapper(before(statements.get(step, "nothing that is asked"))):
        record.record(now=now)


def main(step: str, at: str, order: str, customer: str) -> None:
    import django

    django.setup()
    from tests.payments.test_kills import agreed

    from setaria.trade.aftersales import take_back
    from setaria.trade.giftcards import spend as cards
    from setaria.trade.giftcards.models import Card
    from setaria.trade.orders.place import place
    from setaria.trade.orders.requests import Outcome, Request
    from setaria.trade.payments import ask, begin, disputes, notify, refund
    from setaria.trade.payments import start as starting
    from setaria.trade.payments.cash import hand_over
    from setaria.trade.payments.models import Payment
    from setaria.trade.payments.sandbox.bank import Sandbox, take
    from setaria.trade.payments.sandbox.manners import Manner
    from setaria.trade.payments.start import start
    from setaria.trade.payments.words import Quarrel, Stand, State, Word
    from setaria.trade.preorders import money
    from setaria.trade.purchases.buy import buy

    now, number = datetime.fromisoformat(at), UUID(order)
    if step in ADVANCES or step in BOOKS:
        (dying_advances if step in ADVANCES else dying_books)(step, now)
        die()
    if step in ("before the attempt is written", "after the attempt is written"):
        if step.startswith("before"):
            starting.ask = die  # type: ignore[assignment]
        start(number, int(customer), "sandbox", now)
    elif step == "after the provider opened it":
        begin.refer = die  # type: ignore[assignment]
        payment = start(number, int(customer), "sandbox", now)
        assert isinstance(payment, Payment)
        begin.begin(payment)
    elif step == "after taking it to ask":
        ask._ask = die  # type: ignore[assignment]
        ask.ask_due(now=now, hear=money.hear, wanted=money.wanted)
    elif step == "after the settlement":
        notify.end = die  # type: ignore[assignment]
        ask.ask_due(now=now, hear=money.hear, wanted=money.wanted)
    elif step == "after the money was captured":
        Sandbox.ask = lambda self, payment: Word(payment.pk, State.AUTHORISED)  # type: ignore[method-assign]

        def captured(self: Sandbox, payment: Payment) -> None:
            take(payment, Manner.NOW, now=now)
            die()

        Sandbox.capture = captured  # type: ignore[method-assign, assignment]
        ask.ask_due(now=now, hear=money.hear, wanted=money.wanted)
    elif step == "after the provider closed it":
        close = Sandbox.close

        def closed(self: Sandbox, payment: Payment) -> None:
            close(self, payment)
            die()

        Sandbox.close = closed  # type: ignore[method-assign, assignment]
        ask.ask_due(now=now, hear=money.hear, wanted=money.wanted)
    elif step == "after the card was taken from":
        cards.apply = die  # type: ignore[assignment]
        cards.spend(Card.objects.get(), number, int(customer), now=now)
    elif step in ("after the discount was set aside", "after the door placed it"):

        def door(request: Request, at: datetime) -> Outcome | None:
            if step == "after the door placed it":
                place([request], now=at)
            die()
            return None

        buy(agreed(number, int(customer), now), now=now, door=door)
    elif step == "before what the courier brought is committed":
        hand_over.count_income = die  # type: ignore[assignment]
        hand_over.hand_over([hand_over.Brought(number, None, "SF-1")], by="a@b.c", now=now)
    elif step == "after the dispute was noted":
        disputes._tell_if_sent = die  # type: ignore[assignment]
        told = Quarrel("dp_1", Payment.objects.get().reference, 100, "CNY", Stand.HELD)
        disputes.hear("sandbox", [told], now=now)
    elif step == "before the refund is asked for":
        Sandbox.refund = die  # type: ignore[method-assign, assignment]
        refund.send_due(now=now)
    elif step == "before the return is committed":
        take_back.hold_again = die  # type: ignore[assignment]
        take_back.take_back(take_back.Wish(UUID(int=7 << 76), number, {0: 1}, "broken", "a@b.c"), now=now)
    elif step == "after the refund was sent":
        send = Sandbox.refund

        def sent(self: Sandbox, *what: object) -> None:
            send(self, *what)  # type: ignore[arg-type]
            die()

        Sandbox.refund = sent  # type: ignore[method-assign, assignment]
        refund.send_due(now=now)
    die()


if __name__ == "__main__":
    main(*sys.argv[1:])
