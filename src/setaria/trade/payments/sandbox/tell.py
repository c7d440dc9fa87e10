"""The bank telling the shop: each notification is posted until the shop has taken it, as real providers do."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog
from django.conf import settings

from setaria.kernel.arrays import int8s
from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.payments.sandbox.manners import Status
from setaria.trade.payments.sandbox.notification import SIGNATURE_HEADER, Notification, key_from, sign

PATH = "/payments/sandbox/notify"
TELL_MAX = 50  # notifications a call
ANSWER_SECONDS_MAX = 10.0
AGAIN_SECONDS_MAX = 300
# With the pauses doubling from 2 s to 5 min: about a day, then the bank gives up, as real ones do.
ATTEMPTS_MAX = 290

log = structlog.get_logger(__name__)

# Taken by moving its next time ahead: two workers never post the same, and one that dies loses nothing.
_TAKE = """
    UPDATE sandbox_notice SET attempts = attempts + 1,
           tell_at = %(now)s + least(interval '1 second' * power(2, least(attempts + 1, 16)), make_interval(secs => %(most)s))
    WHERE id IN (SELECT id FROM sandbox_notice WHERE tell_at <= %(now)s
                 ORDER BY tell_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id, payment_id, order_id, status, amount, currency
"""
_TAKEN = "DELETE FROM sandbox_notice WHERE id = ANY (%(taken)s) OR attempts >= %(attempts)s"


class _Notice(NamedTuple):
    id: int
    payment_id: UUID
    order_id: UUID
    status: Status
    amount: int
    currency: str


def tell_due(*, now: datetime, limit: int = TELL_MAX) -> int:
    """Post up to `limit` notifications that are due; return how many there were. Call again while it returns `limit`.

    What the shop does not take (any answer but 200, or none) is posted again later, longer each time.
    """
    about: dict[str, Value] = {"now": now, "limit": limit, "most": AGAIN_SECONDS_MAX}
    [due] = ask(Question(_TAKE, about, lambda row: _Notice(*row)))
    if not due:
        return 0
    taken = _post(sorted(due))
    if len(taken) < len(due):
        log.warning("sandbox_not_heard", notifications=len(due) - len(taken))
    ask(Question(_TAKEN, {"taken": int8s(taken), "attempts": ATTEMPTS_MAX}))
    return len(due)


def _post(notices: Sequence[_Notice]) -> list[int]:
    """Post each; return which of them the shop took. One that cannot be reached is not asked for the rest."""
    # Not at the top: this module is known to every process, and only the worker needs an HTTP client.
    import httpcore

    taken: list[int] = []
    with httpcore.ConnectionPool() as line:
        for notice in notices:
            body, signature = message(*notice[1:])
            headers = [("content-type", "application/json"), (SIGNATURE_HEADER, signature)]
            try:
                answer = line.request(
                    "POST", settings.BASE_URL + PATH, headers=headers, content=body, extensions=_LIMITS
                )
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
                break
            if answer.status == 200:
                taken.append(notice.id)
    return taken


_LIMITS = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), ANSWER_SECONDS_MAX)}


def message(payment_id: UUID, order_id: UUID, status: Status, amount: int, currency: str) -> tuple[bytes, str]:
    """Write a notification and sign it; return both. The same news is always the same bytes."""
    body = msgspec.json.encode(Notification(payment_id, order_id, status, amount, currency))
    return body, sign(key_from(settings.SECRET_KEY), body)
