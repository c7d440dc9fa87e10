"""Points follow what is paid and what is taken back, behind everything that waits."""

from datetime import datetime

from setaria.trade.points.earn import earn, lapse
from setaria.trade.points.returns import follow_returns


def follow(*, now: datetime) -> int:
    """Let points come and go; return how many orders earned."""
    earned = earn(now=now)
    follow_returns(now=now)
    lapse(now=now)
    return earned
