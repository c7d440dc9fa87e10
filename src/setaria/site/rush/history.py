"""The history of a rush, attempt by attempt, held against what the database says became of each order.

The reckoning knows what was told; this knows when. All claims are about intervals: a request is decided at some
instant between being sent and being answered, so "before" means answered before the other was sent.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate

import msgspec

from setaria.site.rush.reckoning import OFFENDERS_MAX, Statement

PLACED = "PLACED"
# Answers that decide nothing: the same request may still be placed.
UNDECIDED = frozenset({"OVERLOADED", "UNSURE", "UNKNOWN_DROP", "NOT_OPEN"})
# A refusal may be as old as the gate's memory and as the longest transaction that was under way: units that came back
# so shortly before it was asked for may not have been seen.
STALE_SECONDS = 5.0


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One answered request of the crowd. Seconds after opening, by the crowd's clock."""

    wish: int  # number of the order that is wanted
    began: float  # when it was first sent for
    sent: float
    answered: float
    lost: int  # earlier sendings of the same request that never had an answer
    code: str  # PLACED or the refusal's


class Fate(msgspec.Struct, frozen=True):
    """What the database says of a wish: its items, a unit of each, and whether there is an order."""

    items: tuple[int, ...]
    exists: bool


def check(
    attempts: Iterable[Attempt], fates: Mapping[int, Fate], returns: Mapping[int, list[tuple[float, int]]]
) -> list[Statement]:
    """Hold the attempts against the fates of their wishes; return every statement, whether it held or not.

    `returns`: for each item, (seconds after opening, units) of stock that came (back) into its pool.
    """
    by_wish: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: a.sent):
        by_wish[attempt.wish].append(attempt)
    return [
        _statement(
            "taken_back",
            "an order acknowledged, and refused to the same buyer who asked again after that",
            (wish for wish, own in by_wish.items() if _taken_back(own)),
        ),
        _statement(
            "refused_but_there",
            "an order whose every request was answered, all with refusals, and that exists",
            (wish for wish, own in by_wish.items() if fates[wish].exists and _only_refused(own)),
        ),
        _statement("overtaken", "a refusal as sold out, and later comers served without stock having come back",
                   _overtaken(by_wish, fates, returns)),
    ]  # fmt: skip


def _statement(name: str, says: str, wishes: Iterable[int]) -> Statement:
    found = list(wishes)
    return Statement(name, says, len(found), [f"wish {wish}" for wish in found[:OFFENDERS_MAX]])


def _taken_back(own: list[Attempt]) -> bool:
    """Whether a request sent after the first acknowledgement arrived was refused: it must get its first answer."""
    known = min((a.answered for a in own if a.code == PLACED), default=None)
    return known is not None and any(
        a.sent > known and a.code != PLACED and a.code not in {"OVERLOADED", "UNSURE"} for a in own
    )


def _only_refused(own: list[Attempt]) -> bool:
    """Whether every sending had an answer and none of them was an order, nor a doubt about it."""
    return all(a.lost == 0 and a.code not in {PLACED, "UNSURE"} for a in own)


def _overtaken(
    by_wish: Mapping[int, list[Attempt]], fates: Mapping[int, Fate], returns: Mapping[int, list[tuple[float, int]]]
) -> list[int]:
    """Refused wishes that more later comers overtook than units came back.

    Sound because a refusal as sold out means that of one of its items no unit was free at some instant before its
    answer, and every later order of that item (first sent for after that answer) needs a unit that came back after that
    instant. Which item it was is not told, so all of a basket's must have been overtaken. Units that came back may also
    have gone to earlier comers, so the reverse is not claimed.
    """
    served: dict[int, list[float]] = defaultdict(list)
    for wish, own in by_wish.items():
        if fates[wish].exists:
            for item in fates[wish].items:
                served[item].append(min(a.began for a in own))
    for begans in served.values():
        begans.sort()
    came = {item: sorted(rows) for item, rows in returns.items()}
    sums = {item: [0, *accumulate(units for _, units in rows)] for item, rows in came.items()}

    def overtaken(a: Attempt, item: int) -> bool:
        later = len(served[item]) - bisect_right(served[item], a.answered)
        rows, total = came.get(item, []), sums.get(item, [0])
        back = total[-1] - total[bisect_left(rows, (a.sent - STALE_SECONDS, 0))]
        return later > back

    return [
        wish
        for wish, own in by_wish.items()
        if any(a.code == "SOLD_OUT" and all(overtaken(a, item) for item in fates[wish].items) for a in own)
    ]
