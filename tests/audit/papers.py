"""What the audit sees of invoices, and a breaker for each of their invariants."""

from collections.abc import Callable

from django.db import connection
from tests.guards import Unguarded
from tests.invoices.conftest import issuer_of
from tests.world import World

from setaria.kernel.ids import new_id
from setaria.trade.aftersales.take_back import Wish, take_back
from setaria.trade.books.record import record
from setaria.trade.invoices.credit import Returned, credit, reissue
from setaria.trade.invoices.issue import issue
from setaria.trade.invoices.models import Invoice
from setaria.trade.invoices.returns import credit_returns
from setaria.trade.invoices.rules import Party


class Papers:
    """An order's invoice, a credit note of a part of it, the rest reversed and written anew; another order's invoice."""

    def __init__(self, world: World) -> None:
        self.world = world
        issuer_of(world)
        self.band = world.thing(price=11_300, stock=5)
        self.order, self.other = world.placed((self.band, 2)), world.placed(self.band)
        for each in (self.order, self.other):
            world.pay(each)
        issue([self.order.id], now=world.now)
        credit(new_id(), self.order.id, [Returned(0, 1, 11_300, 1_300)], now=world.now)
        reissue(new_id(), self.order.id, Party("青禾", "CN"), now=world.now)
        issue([self.other.id], now=world.now)
        self.third = world.placed(self.band)
        world.pay(self.third)
        issue([self.third.id], now=world.now)
        take_back(Wish(new_id(), self.third.id, {0: 1}, "broken glass", "staff@example.org"), now=world.now)
        credit_returns(now=world.now)

    def named(self, number: int) -> Invoice:
        return Invoice.objects.get(number=number)


def change(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE invoices_invoice SET {statement}", params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


Breaker = Callable[[Papers, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def invoice_numbers_have_no_gap(papers: Papers, unguarded: Unguarded) -> object:
    unguarded("refuse_invoice")
    change("number = 9 WHERE number = 7")
    return f"{papers.world.cn.pk} 2031 1 9 7 7"


@breaks
def invoices_are_what_was_paid(papers: Papers, unguarded: Unguarded) -> object:
    unguarded("refuse_invoice")
    change("gross = gross + 1, net = net + 1 WHERE number = 5")
    return "CN-2031-000005 11301 11300"


@breaks
def credit_notes_reverse_what_there_is(papers: Papers, unguarded: Unguarded) -> object:
    unguarded("refuse_invoice")
    change("corrects = 'CN-2031-000005' WHERE number = 2")
    change("gross = gross + 11300, net = net + 11300 WHERE number = 3")
    return "CN-2031-000005 11300"


@breaks
def one_invoice_stands(papers: Papers, unguarded: Unguarded) -> object:
    unguarded("refuse_invoice")
    change("gross = gross - 1, net = net - 1 WHERE number = 2")
    return "CN-2031-000001 22600 22599"


@breaks
def credit_notes_are_what_was_taken_back(papers: Papers, unguarded: Unguarded) -> object:
    unguarded("refuse_invoice")
    change("gross = gross - 1, net = net - 1 WHERE number = 7")
    return "CN-2031-000007 11299 11300"


@breaks
def invoices_say_the_books_tax(papers: Papers, unguarded: Unguarded) -> object:
    record(now=papers.world.now)
    unguarded("refuse_invoice")
    change("tax = tax + 1, net = net - 1 WHERE number = 5")
    return "CN-2031-000005 1301 1300"
