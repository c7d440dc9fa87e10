"""Paying an order: by which means, what the app does next, how it stands."""

from uuid import UUID

from setaria.channels.api.asked import Asked
from setaria.channels.api.deals import NextOut, PayIn, PaymentOut
from setaria.channels.api.refusals import No
from setaria.markets.models import Market
from setaria.trade.orders.models import Order
from setaria.trade.payments.begin import begin, hurry
from setaria.trade.payments.models import Payment
from setaria.trade.payments.providers import offered
from setaria.trade.payments.start import Refusal, credited, start
from setaria.trade.payments.words import Down, Refused, Step
from setaria.trade.preorders.money import wanted


def pay(asked: Asked, order_id: UUID, how: PayIn) -> PaymentOut | No:
    """Begin to pay an order; by the same means again it is the same payment."""
    order = Order.objects.filter(pk=order_id, customer_id__in=asked.customers_of(order_id)).first()
    if order is None:
        return No(code="NOT_FOUND")
    payment = started(asked, order.pk, order.customer_id, asked.market_of(order.market_id), how.means, order.total)
    return opened(asked, payment) if isinstance(payment, Payment) else payment


def started(
    asked: Asked, order_id: UUID, customer_id: int, market: Market, means: str, total: int
) -> Payment | No:  # fmt: skip
    """Note that what is left of an order is to be paid by a means; asks nobody."""
    due = total - credited(order_id)
    if due <= 0 or not takes(market, means, due, market.currency):
        return No(code="NO_SUCH_MEANS")
    payment = start(order_id, customer_id, means, asked.now)
    return No(code="NOT_PAYABLE") if isinstance(payment, Refusal) else payment


def takes(market: Market, means: str, due: int, currency: str) -> bool:
    """Say whether an amount can be paid by a means."""
    return any(each.name == means for each in offered(market.code, due, currency))


def show(asked: Asked, payment_id: UUID) -> PaymentOut | No:
    """Say how a payment stands; one that is still open is opened again at its provider, and is the same there."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None or payment.customer_id not in asked.customers_of(payment.order_id):
        return No(code="NOT_FOUND")
    if payment.status != Payment.Status.STARTED or not wanted(payment, now=asked.now):
        return payment_out(payment)
    return opened(asked, payment)


def back(asked: Asked, payment_id: UUID) -> PaymentOut | No:
    """Have the provider asked at once: the buyer is back from paying, and waits."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None or payment.customer_id not in asked.customers_of(payment.order_id):
        return No(code="NOT_FOUND")
    hurry(payment, now=asked.now)
    return payment_out(payment)


def opened(asked: Asked, payment: Payment) -> PaymentOut | No:
    """Open a payment at its provider; the same payment twice is one there."""
    try:
        step = begin(payment)
    except Down:
        return No(code="PROVIDER_DOWN")
    except Refused:
        return No(code="NO_SUCH_MEANS")
    return payment_out(payment, _next(asked, step))


def _next(asked: Asked, step: Step) -> NextOut:
    url = asked.origin + step.url if step.url.startswith("/") else step.url
    secret, key = step.context.get("secret", ""), step.context.get("publishable", "")
    return NextOut(url=url, code=step.code, secret=str(secret), key=str(key))


def payment_out(payment: Payment, then: NextOut | None = None) -> PaymentOut:
    """Return a payment as it is told."""
    return PaymentOut(
        id=payment.pk, order_id=payment.order_id, means=payment.provider, state=payment.status,  # type: ignore[arg-type]
        amount=payment.amount, currency=payment.currency, next=then,
    )  # fmt: skip


def means_names(market: str, due: int, currency: str) -> list[tuple[str, str]]:
    """Return the means there are for an amount, by code, with what buyers choose by."""
    return [(each.name, str(each.title)) for each in offered(market, due, currency)] if due > 0 else []
