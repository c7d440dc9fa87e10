"""Points follow what is paid and what is taken back, every few seconds, behind everything that waits."""

from datetime import datetime, timedelta

from setaria.trade.points.earn import BEGINNING, earn, lapse
from setaria.trade.points.returns import follow_returns

EVERY = timedelta(seconds=5)

_next = BEGINNING


def follow_now_and_then(now: datetime) -> int:
    """Let points come and go, however often one is called; return how many orders earned. For one thread."""
    global _next
    if now < _next:
        return 0
    _next = now + EVERY
    earned = earn(now=now)
    follow_returns(now=now)
    lapse(now=now)
    return earned
