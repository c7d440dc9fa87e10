"""What providers tell us about payments: applied in batches, harmless when repeated."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setaria.kernel.arrays import uuids
from setaria.kernel.questions import Question, ask
from setaria.trade.orders.settle import Answer, Money, settle
from setaria.trade.payments import disputes
from setaria.trade.payments.cases import Kind, Trouble, open_cases
from setaria.trade.payments.models import Payment
from setaria.trade.payments.words import Matter, Quarrel, State, Word

# What a person must look at, by what became of the money.
_TROUBLES = {
    Answer.UNKNOWN_ORDER: (Kind.UNKNOWN, "Money came for an order that is not here."),
    Answer.CONFLICT: (Kind.CONFLICT, "The same payment was told twice, and differently."),
    Answer.MALFORMED: (Kind.CONFLICT, "What was told is no amount of money."),
}


class News(msgspec.Struct, frozen=True):
    """A provider's verified word on one payment; `money` is what it took, if the payment succeeded."""

    money: Money
    succeeded: bool


def receive(news: Sequence[News], *, now: datetime) -> list[Answer | None]:
    """Settle the payments that succeeded and note the ones that failed; an answer per payment, None for a failed one.

    The settlement commits first: it alone decides whether an order is paid. Our own record of the attempt follows,
    and a crash between the two is healed by the provider's repetition, or by asking it.
    """
    succeeded = [n.money for n in news if n.succeeded]
    answers = iter(settle(succeeded, now=now))
    end([n.money.payment_id for n in news if n.succeeded], "succeeded", now)
    end([n.money.payment_id for n in news if not n.succeeded], "failed", now)
    told = [next(answers) if n.succeeded else None for n in news]
    look_at(news, told, now=now)
    return told


def end(payment_ids: list[UUID], status: str, now: datetime) -> None:
    """Note how attempts ended. A success that comes after a failure wins; a failure never undoes a success."""
    if not payment_ids:
        return
    ask(Question(_END, {"status": status, "now": now, "payments": uuids(payment_ids)}))


_END = """
    UPDATE payments_payment SET status = %(status)s, ended_at = %(now)s
    WHERE id = ANY (%(payments)s) AND status <> 'succeeded'
"""


def look_at(news: Sequence[News], answers: Sequence[Answer | None], *, now: datetime) -> None:
    """Open cases for what a person must look at; what only goes back by itself needs nobody."""
    back = [n.money.payment_id for n, a in zip(news, answers, strict=True) if a is Answer.REFUND]
    asked = dict(Payment.objects.filter(pk__in=back).values_list("pk", "amount")) if back else {}
    troubles = []
    for one, answer in zip(news, answers, strict=True):
        m = one.money
        if answer in _TROUBLES:
            kind, text = _TROUBLES[answer]
        elif answer is Answer.REFUND and asked.get(m.payment_id, m.amount) != m.amount:
            kind, text = Kind.WRONG, f"Asked for {asked[m.payment_id]}; what was taken goes back in full."
        else:
            continue
        troubles.append(
            Trouble(kind, m.provider, str(m.payment_id), m.payment_id, m.order_id, m.amount, m.currency, text)
        )
    if troubles:
        open_cases(troubles, now=now)


def translate(provider: str, told: Sequence[Word | Matter | Quarrel], *, now: datetime) -> list[News]:
    """Turn what a provider says into news of orders; what is no payment's end is noted here.

    A payment that we know nothing of is a case: money may have come for nothing.
    """
    words = [each for each in told if isinstance(each, Word)]
    known = Payment.objects.filter(provider=provider).in_bulk([word.payment_id for word in words])
    news, troubles = [], []
    for word in words:
        payment = known.get(word.payment_id)
        if payment is None:
            if word.state in (State.AUTHORISED, State.SUCCEEDED):
                troubles.append(_unknown(provider, word))
        elif word.state in (State.OPEN, State.AUTHORISED):
            _ask_at_once(payment, now)
        else:
            money = Money(payment.order_id, payment.pk, provider, word.amount, word.currency)
            news.append(News(money, word.state is State.SUCCEEDED))
    for matter in told:
        if isinstance(matter, Matter):
            troubles.append(_trouble(provider, matter))
    if troubles:
        open_cases(troubles, now=now)
    disputes.hear(provider, [each for each in told if isinstance(each, Quarrel)], now=now)
    return news


def _ask_at_once(payment: Payment, now: datetime) -> None:
    """Let the worker look: a hint says too little, and what is authorised is captured only if its order stands."""
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.STARTED).update(ask_at=now)


def _unknown(provider: str, word: Word) -> Trouble:
    text = f"Money came for a payment that is not here; the provider calls it {word.reference}."
    return Trouble(
        Kind.UNKNOWN, provider, str(word.payment_id), word.payment_id, None, word.amount, word.currency, text
    )


def _trouble(provider: str, matter: Matter) -> Trouble:
    payment = Payment.objects.filter(provider=provider, reference=matter.payment).first() if matter.payment else None
    return Trouble(
        Kind(matter.kind), provider, matter.reference, payment.pk if payment else None,
        payment.order_id if payment else None, matter.amount, matter.currency, matter.text,
    )  # fmt: skip
