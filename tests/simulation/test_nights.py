"""Nights on a virtual clock: the shop's core breaks no law, and the auditor finds every core that does."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from setaria.gate.board import ItemState
from setaria.gate.committer import Committer
from setaria.gate.sales import LastSales
from setaria.site.simulation.night import Night
from setaria.trade.orders import rules, settle
from setaria.trade.orders.models import Status
from setaria.trade.orders.requests import Code, Placed

NIGHTS = 12
NIGHTS_MAX = 40  # within which every mutant is found


def breaches(seeds: Sequence[int]) -> list[str]:
    """What the auditor finds in the first of these nights that breaks a law."""
    for seed in seeds:
        found = Night(seed).run().breaches
        if found:
            return [f"seed {seed}, {found[0]}"]
    return []


def test_no_law_is_broken() -> None:
    assert breaches(range(1, NIGHTS + 1)) == []


def test_the_same_seed_plays_the_same_night() -> None:
    def told(seed: int) -> tuple[int, float, dict[int, str]]:
        night = Night(seed)
        auditor = night.run()
        return auditor.answers, night.now, {n: order.status for n, order in auditor._orders.items()}

    assert told(5) == told(5)
    assert told(5) != told(6)


def forgetting(*codes: Code) -> Callable[..., Any]:
    """The door without these refusals."""
    right = rules._refusal

    def wrong(*args: Any) -> Code | None:
        code = right(*args)
        return None if code in codes else code

    return wrong


def take_nothing(terms: rules.Terms, customer_id: int, quantity: int) -> None:
    terms.stock.taken += quantity


def without_replay(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda requests, book: right(requests, rules.Book(book.terms, {}))


def backwards(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(requests: Any, book: Any) -> Any:
        outcomes, drafts = right(requests[::-1], book)
        return outcomes[::-1], drafts

    return wrong


def same_answer_whatever_is_asked(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(requests: Any, book: Any) -> Any:
        outcomes, drafts = right(requests, book)
        known = {id: k.placed for id, k in book.known.items()}
        return [known.get(o.id.int, o) if not isinstance(o, Placed) else o for o in outcomes], drafts

    return wrong


def newest_first(self: Any, count: int) -> Any:
    last = self._waiting[-count:]
    del self._waiting[-len(last) or len(self._waiting) :]
    return last


def any_amount(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(m: Any, order: Any, earlier: Any, retaken: Any) -> Any:
        return right(msgspec.structs.replace(m, amount=order.total) if order else m, order, earlier, retaken)

    return wrong


def paid_again(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(m: Any, order: Any, earlier: Any, retaken: Any) -> Any:
        if order.status == Status.PAID:
            order = msgspec.structs.replace(order, status=Status.PLACED)
        return right(m, order, earlier, retaken)

    return wrong


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "no limit": (rules, "_refusal", forgetting(Code.OVER_LIMIT)),
    "no end of stock": (rules, "_refusal", forgetting(Code.SOLD_OUT)),
    "no closing": (rules, "_refusal", forgetting(Code.CLOSED)),
    "any price": (rules, "_refusal", forgetting(Code.PRICE_CHANGED)),
    "stock not taken within a batch": (rules, "_take", take_nothing),
    "a repeat is a new order": (rules, "decide", without_replay(rules.decide)),
    "a repeat for something else gets the first answer": (rules, "decide", same_answer_whatever_is_asked(rules.decide)),
    "a batch is decided backwards": (rules, "decide", backwards(rules.decide)),
    "the newest are served first": (Committer, "_take_first", newest_first),
    "a sell-out is told to who has an order": (ItemState, "refuses", lambda self, id, sales: self.made is not None),
    "a sell-out is told although another process sold": (LastSales, "any_since", lambda *_: False),
    "a late payment takes what is not there": (settle, "_can_have", lambda *_: True),
    "a late payment takes nothing": (settle, "_can_have", lambda *_: False),
    "any amount pays": (settle, "_judge", any_amount(settle._judge)),
    "an order is paid again": (settle, "_judge", paid_again(settle._judge)),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_the_auditor_finds_a_core_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MUTANTS[name])
    found = breaches(range(1, NIGHTS_MAX + 1))
    assert found
