"""Cards among the providers: nobody chooses them in the list, and what could not be applied goes back onto the card."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage
from django.db import connection, transaction

from setaria.kernel import clock
from setaria.trade.orders.credit import GIFT_CARD
from setaria.trade.payments.models import Payment, Refund
from setaria.trade.payments.words import BadSignature, Device, Matter, Refused, Step, Word

_NO = "A card is spent on the order's page, and nobody else tells of it."
_BACK = """
    WITH gone AS (
        INSERT INTO giftcards_movement (id, kind, card_id, amount, order_id, at)
        SELECT %(refund)s, 3, card_id, %(amount)s, order_id, %(now)s FROM giftcards_movement
        WHERE id = %(payment)s AND kind = 2
        ON CONFLICT DO NOTHING RETURNING card_id, amount
    )
    UPDATE giftcards_card AS card SET balance = balance + gone.amount FROM gone WHERE card.id = gone.card_id
"""


class GiftCards:
    """A provider that is ourselves (`payments/providers.py`)."""

    name, title, thanks, waits = GIFT_CARD, "", b"", False

    def takes(self, amount: int, currency: str) -> bool:
        """Say no: it is not in the list, but has a form of its own."""
        return False

    def begin(self, payment: Payment, device: Device) -> Step:
        """Refuse."""
        raise Refused(_NO)

    def ask(self, payment: Payment) -> Word:
        """Refuse."""
        raise Refused(_NO)

    capture = close = ask

    def refund(self, refund: Refund, payment: Payment | None) -> None:
        """Put a refund onto the card it was paid from, once by the refund's id."""
        values: dict[str, Any] = {
            "refund": refund.pk,
            "payment": refund.payment_id,
            "amount": refund.amount,
            "now": clock.now(),
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_BACK, values)

    def unsafe(self) -> Iterator[CheckMessage]:
        """Yield nothing: there is nothing to set."""
        return iter(())

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Word | Matter]:
        """Believe nothing."""
        raise BadSignature(_NO)
