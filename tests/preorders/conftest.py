"""A queue of people at a programme, with short names for what they do."""

from uuid import UUID

import pytest

from setaria.kernel.ids import new_id
from setaria.trade.orders.models import Order, Status
from setaria.trade.orders.settle import Answer, Money
from setaria.trade.payments.notify import News
from setaria.trade.preorders import deposits
from setaria.trade.preorders.models import Place, Programme, State
from setaria.trade.preorders.requests import Outcome, Refused, Take
from setaria.trade.preorders.supply import call_all, supply
from setaria.trade.preorders.take import take
from setaria.trade.preorders.withdraw import withdraw
from tests.world import World


class Queue:
    """One programme in a world."""

    def __init__(self, world: World, places: int = 10, **how: object) -> None:
        self.world = world
        self.programme: Programme = world.programme(places, **how)  # type: ignore[arg-type]

    def ask(self, by: int | None = None, id: UUID | None = None, programme: int | None = None) -> Take:
        """A request."""
        return Take(id or new_id(), by or self.world.member(), programme or self.programme.pk)

    def take(self, *takes: Take) -> list[Outcome]:
        return take(takes, now=self.world.now)

    def codes(self, *takes: Take) -> list[str]:
        """What became of each: a number, or why not."""
        return [o.code.value if isinstance(o, Refused) else str(o.number) for o in self.take(*takes)]

    def come(self, count: int) -> list[Take]:
        """So many people take a place each."""
        takes = [self.ask() for _ in range(count)]
        assert all(not isinstance(o, Refused) for o in self.take(*takes))
        return takes

    def supply(self, units: int, id: UUID | None = None) -> int:
        """Units arrive, and everyone due is called; how many orders that made."""
        supply(id or new_id(), self.programme, units, now=self.world.now)
        return self.call()

    def call(self) -> int:
        return call_all(now=self.world.now)

    def withdraw(self, place: Take) -> str:
        return withdraw(place.id, place.customer_id, now=self.world.now).value

    def states(self) -> str:
        """All places in order of their numbers, a letter each: Held Standing Called Withdrawn Lapsed; orders: Offered,
        Paid, Expired, cancelled (X).
        """
        orders = dict(Order.objects.values_list("id", "status"))
        letters = {State.HELD: "H", State.STANDING: "S", State.CALLED: "C", State.WITHDRAWN: "W", State.LAPSED: "L"}
        of_order = {Status.PLACED: "O", Status.PAID: "P", Status.EXPIRED: "E", Status.CANCELLED: "X"}
        places = Place.objects.filter(programme_id=self.programme.pk).order_by("number")
        return "".join(letters.get(p.state) or of_order[orders[p.id]] for p in places)

    def pay(self, place: Take, amount: int = 199_900) -> str:
        """The balance arrives."""
        return self.world.settle(Money(place.id, new_id(), "sandbox", amount, "CNY"))[0].value

    def deposit(self, place: Take, amount: int = 10_000, payment: UUID | None = None, currency: str = "CNY") -> str:
        """A deposit arrives."""
        money = Money(deposits.number_of(place.id), payment or new_id(), "sandbox", amount, currency)
        (answer,) = deposits.receive([News(money, True)], now=self.world.now)
        assert isinstance(answer, Answer)
        return answer.value

    def fates(self, place: Take) -> list[tuple[int, str]]:
        """What became of the place's money."""
        found = deposits.Receipt.objects.filter(place_id=place.id).order_by("at", "payment_id")
        return [(r.amount, r.get_fate_display()) for r in found]


@pytest.fixture
def queue(world: World) -> Queue:
    """Ten free places."""
    return Queue(world)
