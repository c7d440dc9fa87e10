"""What breaks when: all of it from the seed."""

from __future__ import annotations

from random import Random

from setaria.site.faults.proxy import Fault
from setaria.site.rush.kills import kills_at

CUTS_EACH = 2  # faults of the line for each kill
DISK_FULL, CLOCK = "disk full", "clock jump"
JUMP_SECONDS_MAX = 7200


def plan(seed: int, kills: int, seconds: float, *, disk: bool) -> list[tuple[float, str]]:
    """Return (seconds after opening, what) for one rush: kills, faults of the line, a jump of the clocks, a full disk.

    The same seed gives the same plan; what a fault meets depends on the machine, too.
    """
    random = Random(seed + 7)
    found = kills_at(kills, seed, seconds)
    found += [
        (seconds * (0.02 + 0.9 * random.random()), random.choice(list(Fault)).value) for _ in range(CUTS_EACH * kills)
    ]
    found.append((seconds * (0.1 + 0.8 * random.random()), CLOCK))
    if disk:
        found.append((seconds * (0.1 + 0.4 * random.random()), DISK_FULL))
    return sorted(found)
