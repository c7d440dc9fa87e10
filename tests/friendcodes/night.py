"""A drop for codes, and its life in short words."""

from uuid import UUID

from setaria.trade.drops.models import Drop
from setaria.trade.friendcodes import queries
from setaria.trade.friendcodes.give import Gift, allow, give, revoke
from setaria.trade.friendcodes.models import Code
from setaria.trade.friendcodes.queries import State
from setaria.trade.friendcodes.spend import Outcome, Presented, look, order_of, spend, take
from setaria.trade.orders.requests import Line, Placed, Request
from tests.world import DAY, World


class Night:
    """One phone for whoever has a code, from now for a day; two codes a member, ten in all, unless said otherwise."""

    def __init__(self, world: World, *, units: int = 5, limit: int = 1, **allowed: object) -> None:
        self.world = world
        self.phone = world.thing(stock=units)
        self.drop: Drop = world.drop(
            {self.phone: units}, limit=limit, closes_at=world.now + DAY, admission=Drop.Admission.CODE
        )
        allow(self.drop, **{"codes_max": 10, "codes_per_member_max": 2, **allowed})  # type: ignore[arg-type]

    def give(self, *customers: int, codes: int = 1) -> list[str]:
        """Give members so many codes each."""
        return give(self.drop, [Gift(customer, codes) for customer in customers], now=self.world.now)

    def code(self, customer: int | None = None) -> tuple[UUID, str]:
        """A new code, and its text as its holder sees it."""
        owner = self.world.member() if customer is None else customer
        assert self.give(owner) == ["GIVEN"]
        return Code.objects.get(given_to=owner, number=1).pk, self.seen(owner)

    def seen(self, customer: int) -> str:
        """The text of the first good code in somebody's account."""
        held = queries.of_member(customer, self.world.now)
        return next((one.text for one in held if one.state is State.GOOD), "")

    def look(self, typed: str, by: int, address: str = "") -> str:
        """What would become of a code."""
        return look([Presented(typed, by, address)], now=self.world.now)[0].answer

    def spend(self, typed: str, by: int, address: str = "") -> str:
        """Spend a code."""
        return self.spent(typed, by, address).answer

    def spent(self, typed: str, by: int, address: str = "") -> Outcome:
        """Spend a code, and say which it was."""
        return spend([Presented(typed, by, address)], now=self.world.now)[0]

    def take(self, typed: str, by: int) -> str:
        """Take a code."""
        return take([Presented(typed, by)], now=self.world.now)[0].answer

    def revoke(self, *ids: UUID) -> list[str]:
        """Take codes back."""
        return revoke(ids, now=self.world.now)

    def leave(self, customer: int) -> UUID | None:
        """The order id of a customer's pass."""
        return order_of(self.drop.pk, customer, now=self.world.now)

    def order(self, customer: int) -> Placed:
        """Order one with the pass that the customer gets."""
        id = self.leave(customer)
        assert id is not None
        request = Request(id, customer, self.world.web.id, (Line(self.phone.id, 1, 100),), self.drop.pk)
        (placed,) = self.world.place(request)
        assert isinstance(placed, Placed), placed
        return placed
