"""A drop with a draw, and its life in short words."""

from datetime import timedelta
from uuid import UUID

from setaria.goods.catalog.models import Variant
from setaria.trade.draws import draw as drawing
from setaria.trade.draws.announce import announce
from setaria.trade.draws.enter import Wish, Withdrawal, enter, withdraw
from setaria.trade.draws.models import Draw, Entry, Offer
from setaria.trade.draws.offer import order_of, pass_on
from setaria.trade.drops.models import Drop
from setaria.trade.orders.requests import Line, Placed, Request
from tests.world import DAY, HOUR, World


class Night:
    """One phone in few units; entries for an hour from now, the drop a day later for two days."""

    def __init__(
        self, world: World, *, units: int = 2, also: int = 0, closes_in: timedelta = HOUR, opens_in: timedelta = DAY,
        **how: object,
    ) -> None:  # fmt: skip
        self.world = world
        self.phone = world.thing(stock=units)
        self.items = {self.phone: units}
        if also:
            self.band = world.thing(stock=also)
            self.items[self.band] = also
        self.drop: Drop = world.drop(
            self.items, opens_at=world.now + opens_in, closes_at=world.now + 3 * DAY, admission=Drop.Admission.DRAW
        )
        how = {"opens_at": world.now, "closes_at": world.now + closes_in, "offer_seconds": 3600, **how}
        self.draw: Draw = announce(self.drop, now=world.now, **how)  # type: ignore[arg-type]
        self.id = self.draw.pk

    def enter(self, *customers: int, item: Variant | None = None) -> list[str]:
        """Enter customers, for the phone unless said otherwise."""
        return enter([Wish(self.id, customer, (item or self.phone).id) for customer in customers], now=self.world.now)

    def fans(self, n: int, item: Variant | None = None) -> list[int]:
        """So many new members, all in."""
        fans = [self.world.member() for _ in range(n)]
        assert set(self.enter(*fans, item=item)) == {"ENTERED"}
        return fans

    def withdraw(self, *customers: int) -> list[str]:
        """Take customers out."""
        return withdraw([Withdrawal(self.id, customer) for customer in customers], now=self.world.now)

    def close(self) -> None:
        """Go to the closing instant, unless that is over."""
        self.world.now = max(self.world.now, self.draw.closes_at)

    def run(self) -> None:
        """Close, seal and draw."""
        self.close()
        assert drawing.seal(self.id, now=self.world.now)
        assert drawing.draw(self.id, now=self.world.now)

    def open(self) -> None:
        """Go to the drop's opening."""
        self.world.now = self.drop.opens_at

    def ranks(self, item: Variant | None = None) -> list[int]:
        """The customers, best first."""
        rows = Entry.objects.filter(draw_id=self.id, variant_id=(item or self.phone).id).order_by("rank")
        return list(rows.values_list("customer_id", flat=True))

    def offered(self) -> set[int]:
        """Customers who are offered a place now."""
        rows = Offer.objects.filter(draw_id=self.id, outcome=0, until__gt=self.world.now)
        return set(rows.values_list("customer_id", flat=True))

    def leave(self, customer: int) -> UUID | None:
        """The order id of a customer's pass."""
        found = order_of(self.id, customer, now=self.world.now)
        return found and found.order_id

    def order(self, customer: int, item: Variant | None = None) -> Placed:
        """Order with the pass that the customer gets."""
        id = self.leave(customer)
        assert id is not None
        line = Line((item or self.phone).id, 1, 100)
        (placed,) = self.world.place(Request(id, customer, self.world.web.id, (line,), self.drop.id))
        assert isinstance(placed, Placed), placed
        return placed

    def pass_on(self, after: timedelta = timedelta(0)) -> int:
        """Let time go by, and pass on what was not used."""
        self.world.later(after)
        return pass_on(self.id, now=self.world.now)
