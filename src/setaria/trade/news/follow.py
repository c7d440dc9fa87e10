"""Following the news: every happening is looked for twice, and nobody keeps a list of what is new.

Soon after it happened, and once more when it is so old (`LATE`) that whatever was under way has been committed: a
transaction may commit after a later one. A follower passes over what it knows already, so looking again costs a look.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from setaria.kernel.pipeline import Value
from setaria.kernel.questions import Question, ask
from setaria.trade.news.happenings import Happening

# Longer than any transaction that changes an order: one that stands idle is ended after 20 seconds (site/settings.py).
LATE = timedelta(seconds=60)
# Looked at in one go: what a worker missed while it was away is looked through in pieces.
SPAN_MAX = timedelta(minutes=15)
SPANS_MAX = 20  # in one call
FIRST = timedelta(minutes=15)  # of the past, where a follower begins

# Tells a follower of what happened in a span of time; returns how much it took, `TAKE_MAX` meaning that there may be more.
Take = Callable[[datetime, datetime], int]
TAKE_MAX = 1_000

_BEGIN = """
    INSERT INTO news_mark (follower, kind, began, until, settled)
    VALUES (%(follower)s, %(kind)s, %(first)s, %(first)s, %(first)s) ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT until, settled FROM news_mark WHERE follower = %(follower)s AND kind = %(kind)s FOR NO KEY UPDATE"
_REACHED = "UPDATE news_mark SET until = %(reached)s WHERE follower = %(follower)s AND kind = %(kind)s"
_SETTLED = "UPDATE news_mark SET settled = %(reached)s WHERE follower = %(follower)s AND kind = %(kind)s"


def follow(follower: str, kind: Happening, take: Take, *, now: datetime, first: datetime | None = None) -> int:
    """Let a follower take what happened until `now`; return how much it took. One of a name looks at a time.

    What a follower takes and how far it looked are one transaction. It begins at `first`, or a little ago (`FIRST`).
    """
    taken = 0
    for second in (False, True):
        for _ in range(SPANS_MAX):
            found, over = _look(follower, kind, take, now, first or now - FIRST, second)
            taken += found
            if over:
                break
    return taken


@transaction.atomic
def _look(follower: str, kind: Happening, take: Take, now: datetime, first: datetime, second: bool) -> tuple[int, bool]:
    """Look through one span; return how much was taken, and whether there is no more to look through."""
    about: dict[str, Value] = {"follower": follower, "kind": str(kind)}
    _, [(until, settled)] = ask(Question(_BEGIN, {**about, "first": first}), Question(_LOCK, about))
    since, end = (settled, until - LATE) if second else (until, now)
    if since >= end or (second and end - since < LATE):
        return 0, True  # looked through; a second time not before it is worth a look
    reached = min(end, since + SPAN_MAX)
    found = take(since, reached)
    if found < TAKE_MAX:
        ask(Question(_SETTLED if second else _REACHED, {**about, "reached": reached}))
    return found, found < TAKE_MAX and reached == end
