"""A process that dies at one step of paying, by its own SIGKILL: nothing is cleaned up, nothing is caught.

Run as a program with the step, the instant, and what the step needs.
"""

import os
import signal
import sys
from datetime import datetime
from uuid import UUID


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(step: str, at: str, order: str, customer: str) -> None:
    import django

    django.setup()
    from setaria.trade.aftersales import take_back
    from setaria.trade.payments import ask, begin, notify, refund
    from setaria.trade.payments import start as starting
    from setaria.trade.payments.models import Payment
    from setaria.trade.payments.sandbox.bank import Sandbox
    from setaria.trade.payments.start import start
    from setaria.trade.preorders import money

    now, number = datetime.fromisoformat(at), UUID(order)
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
