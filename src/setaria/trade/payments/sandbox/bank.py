"""The sandbox bank: takes pretended money, remembers it, and tells us by notification when and how it likes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from setaria.kernel.arrays import int4s, texts
from setaria.kernel.clock import now
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.sandbox.manners import Manner, course
from setaria.trade.payments.sandbox.models import Charge, Reversal
from setaria.trade.payments.sandbox.notification import NAME, SIGNATURE_HEADER, key_from, parse, secret_of
from setaria.trade.payments.words import Device, Refused, State, Step, Word


class Sandbox:
    """The provider as `trade.payments` sees it."""

    name, title, waits = NAME, _("Sandbox bank"), True
    thanks = b"{}"

    def takes(self, amount: int, currency: str) -> bool:
        """Take anything."""
        return True

    def begin(self, payment: Payment, device: Device) -> Step:
        """Lead to the bank's own page; an app may take the secret to the bank's API instead."""
        secret = secret_of(settings.SECRET_KEY, payment.pk).decode()
        return Step(url=reverse("sandbox:pay", args=[payment.pk]), context={"secret": secret})

    def ask(self, payment: Payment) -> Word:
        """Look into the bank's ledger."""
        charge = Charge.objects.filter(pk=payment.pk).first()
        if charge is None:
            return Word(payment.pk, State.OPEN)
        state = State.SUCCEEDED if charge.succeeded else State.FAILED
        return Word(payment.pk, state, charge.amount, charge.currency)

    def capture(self, payment: Payment) -> Word:
        """Take what was authorised: this bank takes at once."""
        return self.ask(payment)

    def close(self, payment: Payment) -> Word:
        """Decline the payment, unless it was taken."""
        Charge.objects.bulk_create(
            [Charge(payment_id=payment.pk, order_id=payment.order_id, amount=payment.amount,
                    currency=payment.currency, succeeded=False, at=now())], ignore_conflicts=True
        )  # fmt: skip
        return self.ask(payment)

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Note the money as sent back, once by the refund's id; raises Refused for more than a payment brought in."""
        with transaction.atomic():
            charge = Charge.objects.select_for_update(no_key=True).filter(pk=refund.payment_id).first()
            if charge is None:  # one that another bank desk took (a rehearsal's): the ledger has the refund at least
                charge, _new = Charge.objects.get_or_create(
                    payment_id=refund.payment_id,
                    defaults={"order_id": refund.order_id, "amount": payment.amount if payment else refund.amount,
                              "currency": refund.currency, "succeeded": True, "at": now()},
                )  # fmt: skip
            others = charge.reversals.exclude(pk=refund.pk).aggregate(sum=Sum("amount"))["sum"] or 0
            if payment is not None and others + refund.amount > charge.amount:
                raise Refused("More than was taken.")
            done = Reversal(refund_id=refund.pk, charge=charge, amount=refund.amount, at=now())
            Reversal.objects.bulk_create([done], ignore_conflicts=True)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word]:
        """Check a notification and read it."""
        told = parse(key_from(settings.SECRET_KEY), body, headers.get(SIGNATURE_HEADER, ""))
        state = State.SUCCEEDED if told.status == "succeeded" else State.FAILED
        return [Word(told.payment_id, state, told.amount, told.currency)]

    def unsafe(self) -> Iterator[CheckMessage]:
        """Pretended money is no money."""
        yield Warning(
            "The sandbox bank is offered: orders can be paid with pretended money.",
            hint="Name your real providers in SETARIA_PAYMENTS before you sell (docs/howto/payments.md).",
        )


# The charge and what the shop will be told of it are one statement: no charge goes untold.
_TAKE = """
    WITH made AS (
        INSERT INTO sandbox_charge (payment_id, order_id, amount, currency, succeeded, at)
        VALUES (%(payment)s, %(order)s, %(amount)s, %(currency)s, %(succeeded)s = 1, %(now)s)
        ON CONFLICT DO NOTHING RETURNING payment_id, order_id, amount, currency
    ), queued AS (
        INSERT INTO sandbox_notice (payment_id, order_id, status, amount, currency, tell_at, attempts)
        SELECT payment_id, order_id, told.status, amount, currency, %(now)s + told.after * interval '1 second', 0
        FROM made, unnest(%(statuses)s, %(after)s) AS told (status, after)
    )
    SELECT FROM made
"""


def take(payment: Payment, manner: Manner, *, now: datetime) -> Charge:
    """Take a payment's money in a manner, and queue what the shop will be told; return what the ledger says.

    A payment is taken or declined once: a second press of the button finds the first one's charge and tells nobody
    again.
    """
    plan = course(manner, payment.amount)
    charge = Charge(
        payment_id=payment.id, order_id=payment.order_id, amount=plan.amount, currency=payment.currency,
        succeeded=plan.succeeded, at=now,
    )  # fmt: skip
    about: dict[str, Value] = {
        "payment": charge.payment_id, "order": charge.order_id, "amount": charge.amount, "currency": charge.currency,
        "succeeded": int(plan.succeeded), "now": now, "statuses": texts([each.status for each in plan.messages]),
        "after": int4s([each.after_seconds for each in plan.messages]),
    }  # fmt: skip
    [made] = ask(Question(_TAKE, about))
    return charge if made else Charge.objects.get(pk=payment.id)
