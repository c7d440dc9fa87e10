"""Cases: what about money a person must look at. Opened by what happened, once each; resolved by somebody, with a note."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
import structlog
from django.db import connection

from setaria.trade.payments.models import Case

NOTE_CHARS_MAX = 400

log = structlog.get_logger(__name__)

Kind = Case.Kind


class Trouble(msgspec.Struct, frozen=True):
    """What a case is to be opened about; `reference` makes it this one. `amount` in minor units."""

    kind: Case.Kind
    provider: str
    reference: str
    payment_id: UUID | None = None
    order_id: UUID | None = None
    amount: int | None = None
    currency: str = ""
    text: str = ""


_OPEN = """
    INSERT INTO payments_case (kind, provider, reference, payment_id, order_id, amount, currency, text, opened_at,
                               resolved_by, note)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', '')
    ON CONFLICT (provider, kind, reference) DO NOTHING
"""


def open_cases(troubles: Sequence[Trouble], *, now: datetime) -> int:
    """Open a case for each; one that was opened before, resolved or not, stays as it is. Return how many are new."""
    made = 0
    with connection.cursor() as cursor:
        for t in troubles:
            cursor.execute(
                _OPEN,
                [t.kind, t.provider, t.reference[:80], t.payment_id, t.order_id, t.amount, t.currency[:3],
                 t.text.replace("\0", "")[:400], now],
            )  # fmt: skip
            if cursor.rowcount:
                made += 1
                log.warning("case_opened", kind=t.kind, provider=t.provider, payment=str(t.payment_id))
    return made


class Answer(StrEnum):
    """What became of resolving a case."""

    RESOLVED = "RESOLVED"
    UNKNOWN_CASE = "UNKNOWN_CASE"  # or somebody resolved it before; nothing was changed
    UNSIGNED = "UNSIGNED"  # no note, or nobody's name; nothing was changed


def resolve(case_id: int, *, note: str, by: str, now: datetime) -> Answer:
    """Close a case for good, saying what was done about it. Whoever comes second changes nothing."""
    if not note.strip() or not by.strip():
        return Answer.UNSIGNED
    changed = Case.objects.filter(pk=case_id, resolved_at=None).update(
        resolved_at=now, resolved_by=by.strip()[:254], note=note.strip()[:NOTE_CHARS_MAX]
    )
    return Answer.RESOLVED if changed else Answer.UNKNOWN_CASE
