"""What the last benchmark said: `setaria bench --json HOME/bench.json` writes it where this looks."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from setaria.trade.campaigns.rules import Capacity

FILE = "bench.json"
ORDERS = "durable orders"  # what the benchmark's own outcomes of the gate begin with


class _Outcome(msgspec.Struct):
    name: str
    above: float


class _Bench(msgspec.Struct):
    outcomes: list[_Outcome]


def last_measured(home: Path) -> Capacity | None:
    """Return the best durable rate of the last benchmark kept in a home; None where there is none to be read."""
    file = home / FILE
    try:
        bench = msgspec.json.decode(file.read_bytes(), type=_Bench)
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except (OSError, msgspec.DecodeError):
        return None
    rates = [outcome.above for outcome in bench.outcomes if outcome.name.startswith(ORDERS)]
    return Capacity(max(rates), at) if rates else None
