"""How many ask for a pass just now, as this process sees it: an average that forgets within seconds."""

import threading
from collections import OrderedDict
from math import exp

FORGETS_SECONDS = 5.0
DROPS_MAX = 256

_lock = threading.Lock()
_rates: OrderedDict[int, tuple[float, float]] = OrderedDict()  # drop: (when, askings a second then)


def felt(drop_id: int, seconds: float) -> float:
    """Note one asking at `seconds` (any steady clock) and return how many come in a second."""
    with _lock:
        before, rate = _rates.pop(drop_id, (seconds, 0.0))
        rate = rate * exp(-max(0.0, seconds - before) / FORGETS_SECONDS) + 1 / FORGETS_SECONDS
        _rates[drop_id] = (max(before, seconds), rate)
        if len(_rates) > DROPS_MAX:
            _rates.popitem(last=False)
        return rate
