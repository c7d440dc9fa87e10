"""A waiting room to test in, with short names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from setaria.goods.catalog.models import Variant
from setaria.people.members.models import Member
from setaria.trade.admission.admit import NotAdmitted, admit
from setaria.trade.drops import passes
from setaria.trade.drops.models import Drop
from setaria.trade.orders.requests import Outcome
from setaria.trade.queues import tickets
from setaria.trade.queues.join import NoPlace, Place, Wish, join
from setaria.trade.queues.models import Queue, Waiter
from setaria.trade.queues.prepare import open_room
from setaria.trade.queues.rules import Load
from setaria.trade.queues.step import step
from tests.world import HOUR, SECOND, World

KEY = tickets.key_from(settings.SECRET_KEY)
FREE = Load()


def queued(world: World, units: Mapping[Variant, int], *, offer_seconds: int = 300, **how: Any) -> Drop:
    """A drop with a waiting room, which opens in an hour unless said otherwise."""
    how.setdefault("opens_at", world.now + HOUR)
    drop = world.drop(units, **how)
    drop.admission = Drop.Admission.QUEUE
    drop.save()
    open_room(drop.pk, offer_seconds=offer_seconds)
    return drop


def wish(drop: Drop, customer: int, *, again: bool = False) -> Wish:
    return Wish(drop.pk, customer, tickets.pseudonym(KEY, customer, drop.pk), again)


def enter(world: World, drop: Drop, *customers: int, again: bool = False) -> list[int | str | None]:
    """Join in this order at the world's instant; the numbers, or why not."""
    answers = join([wish(drop, customer, again=again) for customer in customers], now=world.now)
    return [answer.number if isinstance(answer, Place) else answer.value for answer in answers]


def people(world: World, count: int) -> list[int]:
    return [world.member() for _ in range(count)]


def opened(world: World, drop: Drop) -> int:
    """Go to the opening and take the first step; how many were let in."""
    world.now = drop.opens_at
    return step(drop.pk, FREE, now=world.now)


def move(world: World, drop: Drop, load: Load = FREE) -> int:
    """The next step, a second later."""
    world.later(SECOND)
    return step(drop.pk, load, now=world.now)


def numbers(drop: Drop) -> dict[int, int]:
    return dict(Waiter.objects.filter(drop_id=drop.pk).values_list("customer_id", "number"))


def in_order(drop: Drop) -> list[int]:
    """Customers by number."""
    by_number = {number: customer for customer, number in numbers(drop).items()}
    return [by_number[number] for number in sorted(by_number)]


def admitted_to(drop: Drop) -> int:
    return Queue.objects.get(drop_id=drop.pk).admitted_to


def leave(drop: Drop, customer: int, at: datetime) -> passes.Pass | str:
    """The pass a customer gets, read; or the code of why not."""
    answer = admit(drop, Member.objects.get(pk=customer), at)
    if isinstance(answer, NotAdmitted):
        return answer.code
    return passes.read(passes.key_from(settings.SECRET_KEY), answer, at.timestamp())


def buy(world: World, drop: Drop, customer: int, variant: Variant) -> Outcome:
    """Order with the customer's pass."""
    token = leave(drop, customer, world.now)
    assert isinstance(token, passes.Pass), token
    return world.place(world.ask(variant, by=token.customer_id, drop=drop, id=token.order_id))[0]


__all__ = ["FREE", "KEY", "Load", "NoPlace"]
