"""What the audit sees of what people are told: a guest's orders and their messages, and a breaker for each invariant."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import connection
from tests.guards import Unguarded
from tests.world import MINUTE, World

from setaria.people.members.guests import guest_of
from setaria.people.members.models import Member
from setaria.people.notices.write import Note, write
from setaria.trade.announcements import write as announcing
from setaria.trade.announcements.go_out import go_out
from setaria.trade.announcements.write import Wanted
from setaria.trade.news.tell import tell
from setaria.trade.webhooks import endpoints
from setaria.trade.webhooks.gather import gather


def page_of(order: UUID, channel: int, guest: int | None, now: datetime) -> dict[str, object]:
    return {"path": f"/orders/{order}/"}


class Telling:
    """A guest who was told that an order is paid, and one that is not."""

    def __init__(self, world: World) -> None:
        self.world = world
        thing, guest = world.thing("told", stock=2), guest_of("told@example.org")
        self.paid, self.unpaid = world.placed(thing, by=guest), world.placed(thing, by=guest)
        chief = Member.objects.get(pk=world.member(is_staff=True))
        self.endpoint = endpoints.add("https://erp.example.com/", by=chief, now=world.now - MINUTE)
        world.pay(self.paid)
        tell(page_of, now=world.now + 3 * MINUTE)
        self.announcement = announced(world, chief)
        gather(now=world.now + 3 * MINUTE)


def announced(world: World, chief: Member) -> UUID:
    """An announcement that one person was told, approved by another than its writer."""
    second = Member.objects.get(pk=world.member(is_staff=True))
    fan = world.member()
    EmailAddress.objects.create(user_id=fan, email="announced@example.org", verified=True, primary=True)
    texts = {"en": "x", "zh-hans": "x"}
    made = announcing.write(Wanted("offers", texts, texts, ("email",), world.now), by=chief, now=world.now)
    assert isinstance(made, UUID)
    announcing.approve(made, seen=1, by=second, now=world.now)
    assert go_out(world.now) == 1
    return made


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1, f"breaks {cursor.rowcount} rows"


Breaker = Callable[[Telling, Unguarded], object]
BREAKERS: dict[str, Breaker] = {}


def breaks(breaker: Breaker) -> Breaker:
    BREAKERS[breaker.__name__] = breaker
    return breaker


@breaks
def news_is_true(telling: Telling, _: Unguarded) -> object:
    told = Note(f"order-paid:{telling.unpaid.id}", "email", "told@example.org", "en", "order_paid", {})
    write([told], now=telling.world.now)
    return f"order_paid {telling.unpaid.id}"


@breaks
def guests_are_told(telling: Telling, _: Unguarded) -> object:
    sql("DELETE FROM notices_message WHERE template = 'order_paid'")
    return telling.paid.id


@breaks
def webhooks_are_true(telling: Telling, _: Unguarded) -> object:
    sql("UPDATE webhooks_event SET kind = 'order.expired' WHERE kind = 'order.placed' AND source_id = %s",
        telling.unpaid.id)  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM webhooks_event WHERE kind = 'order.expired' AND source_id = %s", [telling.unpaid.id]
        )
        return f"{cursor.fetchone()[0]} order.expired"


@breaks
def webhooks_hear_of_payments(telling: Telling, _: Unguarded) -> object:
    sql("DELETE FROM webhooks_delivery USING webhooks_event AS event WHERE event.id = event_id AND kind = 'order.paid'"
        " AND source_id = %s", telling.paid.id)  # fmt: skip
    return f"{telling.endpoint.pk} {telling.paid.id}"


@breaks
def announcements_are_approved(telling: Telling, unguarded: Unguarded) -> object:
    unguarded("announcement_stays")
    sql("UPDATE announcements_announcement SET approved_at = approved_at + interval '1 hour' WHERE id = %s",
        telling.announcement)  # fmt: skip
    return telling.announcement


@breaks
def announced_once(telling: Telling, _: Unguarded) -> object:
    member = Member.objects.get(emailaddress__email="announced@example.org").pk
    told = Note(
        f"announcement:{telling.announcement}", "email", "again@example.org", "en", "announcement_offers", {}, member
    )
    write([told], now=telling.world.now)
    sql("UPDATE announcements_announcement SET written = 2 WHERE id = %s", telling.announcement)
    return f"{telling.announcement} {member} email"


@breaks
def announcements_are_their_messages(telling: Telling, _: Unguarded) -> object:
    sql("DELETE FROM notices_message WHERE template = 'announcement_offers'")
    return f"{telling.announcement} 1 0"
