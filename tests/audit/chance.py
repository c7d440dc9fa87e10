"""What the audit sees of draws and friend codes: a little of each, and a breaker for each of their invariants."""

from collections.abc import Callable

from django.db import connection
from tests.draws.night import Night as DrawNight
from tests.friendcodes.night import Night as CodeNight
from tests.guards import Unguarded
from tests.world import DAY, SECOND, World

from setaria.kernel.ids import new_id
from setaria.trade.draws.models import Entry
from setaria.trade.friendcodes.models import Code


class Chance:
    """A draw that was drawn, one that one may still enter, and a code that was spent; orders in both kinds of drop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.drawn = DrawNight(world, units=3, places=None, closes_in=SECOND, opens_in=2 * SECOND)
        self.drawn.fans(5)
        self.entering = DrawNight(world, closes_in=DAY - SECOND)
        (self.fan,) = self.entering.fans(1)
        self.codes = CodeNight(world)
        self.giver, self.friend = world.member(), world.member()
        self.code, text = self.codes.code(self.giver)
        self.codes.give(self.giver, codes=2)
        self.codes.spend(text, self.friend)

    def happen(self) -> None:
        """Draw, and order; the clock must have moved on by some seconds."""
        self.drawn.run()
        self.first, self.second = self.drawn.ranks()[0], self.drawn.ranks()[3]
        self.drawn.order(self.first)
        self.order = self.codes.order(self.friend)


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


Breaker = Callable[[Chance, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def draw_seed_is_the_promised_one(chance: Chance, unguarded: Unguarded) -> object:
    unguarded("draw_promises_stay")
    sql("UPDATE draws_draw SET seed_sha256 = repeat('0', 64) WHERE drop_id = %s", chance.drawn.id)
    return chance.drawn.id


@breaks
def draw_list_is_the_sealed_one(chance: Chance, unguarded: Unguarded) -> object:
    unguarded("draw_promises_stay")
    sql("UPDATE draws_draw SET entries_count = entries_count + 1 WHERE drop_id = %s", chance.drawn.id)
    return f"{chance.drawn.id} 6 5"


@breaks
def draw_ranks_follow_the_rule(chance: Chance, unguarded: Unguarded) -> object:
    unguarded("draw_ranks_stay")
    sql("UPDATE draws_entry SET rank = 99 WHERE draw_id = %s AND rank = 5", chance.drawn.id)
    return f"{chance.drawn.id} {Entry.objects.get(rank=99).customer_id} 99 5"


@breaks
def one_entry_a_customer(chance: Chance, unguarded: Unguarded) -> object:
    unguarded("draws_entry_pkey")
    sql("INSERT INTO draws_entry (draw_id, customer_id, variant_id, pseudonym, entered_at)"
        " SELECT draw_id, customer_id, variant_id, 'again', entered_at FROM draws_entry WHERE draw_id = %s",
        chance.entering.id)  # fmt: skip
    return f"{chance.entering.id} {chance.fan} 2"


def offer(chance: Chance, rank: int) -> None:
    """A place offered behind the verb's back."""
    sql("INSERT INTO draws_offer (draw_id, customer_id, variant_id, rank, offered_at, until, outcome)"
        " SELECT draw_id, customer_id, variant_id, rank, now(), now() + interval '1 hour', %s"
        " FROM draws_entry WHERE draw_id = %s AND rank = %s", 2 if rank > 4 else 0, chance.drawn.id, rank)  # fmt: skip


@breaks
def places_are_offered_in_order(chance: Chance, _: Unguarded) -> object:
    offer(chance, 5)
    return f"{chance.drawn.id} {chance.drawn.phone.id} 5 4"


@breaks
def places_are_not_exceeded(chance: Chance, _: Unguarded) -> object:
    offer(chance, 4)
    return f"{chance.drawn.id} {chance.drawn.phone.id} 3 4"


@breaks
def only_the_drawn_order(chance: Chance, _: Unguarded) -> object:
    return chance.world.placed(chance.drawn.phone, by=chance.second, drop=chance.drawn.drop).id


@breaks
def codes_are_spent_once(chance: Chance, unguarded: Unguarded) -> object:
    unguarded("code_ends_stay", "code_spent_or_revoked")
    sql("UPDATE friendcodes_code SET revoked_at = now() WHERE id = %s", chance.code)
    return chance.code


@breaks
def a_code_orders_once(chance: Chance, _: Unguarded) -> object:
    order = chance.world.placed(chance.world.thing(stock=1), by=chance.friend)
    sql("INSERT INTO friendcodes_attempt (code_id, number, order_id, at) VALUES (%s, 2, %s, now())",
        chance.code, order.id)  # fmt: skip
    return f"{chance.code} 2"


@breaks
def only_who_has_a_code_orders(chance: Chance, _: Unguarded) -> object:
    return chance.world.placed(chance.codes.phone, by=chance.giver, drop=chance.codes.drop).id


@breaks
def codes_are_within_the_allowance(chance: Chance, _: Unguarded) -> object:
    member = chance.world.member()
    Code.objects.create(
        id=new_id(), drop_id=chance.entering.drop.pk, given_to=member, held_by=member, number=1,
        given_at=chance.world.now, lookup="x",
    )  # fmt: skip
    return f"{chance.entering.drop.pk} {member} 1 1"
