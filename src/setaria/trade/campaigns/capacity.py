"""What the last benchmark said: `setaria bench --json HOME/bench.json` writes it where this looks."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from setaria.trade.campaigns.rules import Capacity

FILE = "bench.json"


class _Bench(msgspec.Struct):
    orders_per_second: float  # 0 where only pages were measured


def last_measured(home: Path) -> Capacity | None:
    """Return the best durable rate of the last benchmark kept in a home; None where there is none to be read."""
    file = home / FILE
    try:
        bench = msgspec.json.decode(file.read_bytes(), type=_Bench)
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, msgspec.DecodeError):
        return None
    return Capacity(bench.orders_per_second, at) if bench.orders_per_second else None
