"""Cash as `trade.payments` sees it: a promise is taken at once, and `orders.settle` decides, as for any payment."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from django.core.checks import CheckMessage, Error
from django.db import connection, transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from setaria.kernel.clock import now
from setaria.trade.orders.models import Order
from setaria.trade.payments.cash.limits import limits
from setaria.trade.payments.cash.models import Promise, Waiver
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.words import BadSignature, Device, Matter, Refused, State, Step, Word

NAME = "cash"
LOCK = 0x5E7A_CA54  # with the customer: one promise at a time
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"


class Cash:
    """The provider as `trade.payments` sees it."""

    name, title, waits = NAME, _("Cash on delivery"), True
    thanks = b"{}"

    def takes(self, amount: int, currency: str) -> bool:
        """Take what the limits allow of an order."""
        return 0 < amount <= limits().amounts.get(currency, 0)

    def begin(self, payment: Payment, device: Device) -> Step:
        """Take the promise, unless its buyer has too many open ones; raises Refused then, and for a drop's order."""
        if not self.takes(payment.amount, payment.currency) or payment.purpose != Payment.Purpose.ORDER:
            raise Refused("More than may be paid at the door.")
        if Order.objects.filter(pk=payment.order_id, drop_id__isnull=False).exists():
            raise Refused("What is scarce is not held by a promise.")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_LOCK, [LOCK, (payment.customer_id or 0) % 2**31])
            if not Promise.objects.filter(pk=payment.pk).exists():
                if len(_open(payment.customer_id)) >= limits().open:
                    raise Refused("This buyer has promised enough already.")
                Promise.objects.create(
                    payment_id=payment.pk, order_id=payment.order_id, customer_id=payment.customer_id or 0,
                    amount=payment.amount, currency=payment.currency, at=now(),
                )  # fmt: skip
        return Step(url=reverse("store:payment_back", args=[payment.pk]))

    def ask(self, payment: Payment) -> Word:
        """Say whether it was promised."""
        promise = Promise.objects.filter(pk=payment.pk).first()
        if promise is None:
            return Word(payment.pk, State.OPEN)
        state = State.FAILED if promise.closed else State.SUCCEEDED
        return Word(payment.pk, state, promise.amount, promise.currency)

    capture = ask

    def close(self, payment: Payment) -> Word:
        """Let nothing be promised any more; what was promised before is told, and `orders.settle` decides."""
        closed = Promise(
            payment_id=payment.pk, order_id=payment.order_id, customer_id=payment.customer_id or 0, amount=payment.amount,
            waived=payment.amount, currency=payment.currency, closed=True, at=now(),
        )  # fmt: skip
        Promise.objects.bulk_create([closed], ignore_conflicts=True)
        return self.ask(payment)

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Let the courier collect less, once by the refund's id; what was paid already is a person's to send back."""
        with transaction.atomic():
            promise = _promised(refund.payment_id)
            if promise is None or Waiver.objects.filter(pk=refund.pk).exists():
                return
            if promise.paid_at is not None:
                raise Refused("It was paid in cash: pay it back by bank transfer.")
            Waiver.objects.create(refund_id=refund.pk, payment_id=refund.payment_id, amount=refund.amount)
            Promise.objects.filter(pk=refund.payment_id).update(waived=F("waived") + refund.amount)

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield what is missing."""
        try:
            amounts = limits().amounts
        except ValueError as error:
            yield Error(str(error), hint=_HINT)
        else:
            if not amounts:
                yield Error("SETARIA_CASH_MAX is missing: nobody can pay in cash.", hint=_HINT)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter]:
        """Believe nothing: couriers' money is written down by the staff."""
        raise BadSignature("Nobody notifies of cash.")


_HINT = "docs/howto/payments.md says how."


def _open(customer_id: int | None) -> list[Promise]:
    return list(Promise.objects.filter(customer_id=customer_id or 0, paid_at=None, waived__lt=F("amount")))


def _promised(payment_id: UUID) -> Promise | None:
    """A promise, locked."""
    return Promise.objects.select_for_update(no_key=True).filter(pk=payment_id).first()
