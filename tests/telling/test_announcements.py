"""Announcements: by two, to whom they are meant for, once each whoever dies when, and stoppable."""

from collections.abc import Callable
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import DatabaseError, IntegrityError
from django.test import Client

from setaria.kernel.ids import new_id
from setaria.people.members.guests import guest_of
from setaria.people.members.models import Member
from setaria.people.notices import send
from setaria.people.notices.models import Bounce, Device, Message, Reader
from setaria.people.notices.preferences import refuse
from setaria.people.notices.send import send_due
from setaria.trade.announcements import go_out as going
from setaria.trade.announcements.go_out import go_out, reach, stand
from setaria.trade.announcements.models import Announcement
from setaria.trade.announcements.write import Refusal, Wanted, approve, change, stop, write, wrong
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.telling.conftest import may, signed_in
from tests.world import DAY, HOUR, MINUTE, OPENING, World

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = {"en": "Our price pledge", "zh-hans": "我们的价格承诺"}
TEXT = {"en": "Prices stay.", "zh-hans": "价格不变。"}


def wanted(world: World, **how: object) -> Wanted:
    fields = {"topic": "offers", "title": TITLE, "text": TEXT, "channels": ("email",), "starts_at": world.now, **how}
    return Wanted(**fields)  # type: ignore[arg-type]


def person(world: World, address: str = "", language: str = "en", market: object = None, **fields: object) -> int:
    """Somebody with a proven address."""
    made = world.member(**fields)
    EmailAddress.objects.create(user_id=made, email=address or f"{made}@example.org", verified=True, primary=True)
    Reader.objects.create(member_id=made, language=language, market=market)  # type: ignore[misc]
    return made


def device(world: World, of: int) -> UUID:
    made = new_id()
    Device.objects.create(
        id=made, member_id=of, endpoint=f"https://push.example/{made}", p256dh="x", auth="x", name="Phone",
        language="en", added_at=world.now,
    )  # fmt: skip
    return made


@pytest.fixture
def two(store: World) -> tuple[Member, Member]:
    """Who writes and who approves: two of staff, reached by no mail themselves."""
    return tuple(  # type: ignore[return-value]
        may(Member.objects.get(pk=store.member(is_staff=True)), f"announcements.{verb}_announcement")
        for verb in ("change", "approve")
    )


def approved(world: World, two: tuple[Member, Member], **how: object) -> Announcement:
    made = write(wanted(world, **how), by=two[0], now=world.now)
    assert isinstance(made, UUID), made
    assert approve(made, seen=1, by=two[1], now=world.now) == made
    return Announcement.objects.get(pk=made)


def told() -> list[str]:
    return sorted(Message.objects.filter(template__startswith="announcement_").values_list("recipient", flat=True))


def send_all(world: World) -> None:
    while send_due(world.now):
        pass


# --- by two ---


def test_it_is_written_approved_by_another_and_told(store: World, two: tuple[Member, Member]) -> None:
    fan = person(store)
    made = approved(store, two)
    assert go_out(store.now) == 1
    send_all(store)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([f"{fan}@example.org"], "Our price pledge")
    assert "Prices stay." in sent.body
    assert go_out(store.now) == 0
    made.refresh_from_db()
    assert (made.written, made.sent, made.given_up, made.closed_at) == (1, 1, 0, store.now)


def test_nothing_goes_out_before_it_is_approved_and_due(store: World, two: tuple[Member, Member]) -> None:
    person(store)
    write(wanted(store), by=two[0], now=store.now)
    approved(store, two, starts_at=store.now + MINUTE)
    assert go_out(store.now) == 0
    assert go_out(store.now + MINUTE) == 1


def test_who_wrote_it_cannot_approve_it(store: World, two: tuple[Member, Member]) -> None:
    made = write(wanted(store), by=two[0], now=store.now)
    assert isinstance(made, UUID)
    assert approve(made, seen=1, by=two[0], now=store.now) is Refusal.SAME_PERSON
    with pytest.raises(IntegrityError, match="announcement_approved_by_a_second_person"):
        Announcement.objects.filter(pk=made).update(approved_by=two[0], approved_at=store.now)


def test_only_what_was_read_is_approved(store: World, two: tuple[Member, Member]) -> None:
    made = write(wanted(store), by=two[0], now=store.now)
    assert isinstance(made, UUID)
    assert change(made, wanted(store, path="/x/"), seen=1, by=two[0], now=store.now) == made
    assert approve(made, seen=1, by=two[1], now=store.now) is Refusal.CHANGED
    assert change(made, wanted(store), seen=1, by=two[0], now=store.now) is Refusal.CHANGED
    assert approve(made, seen=2, by=two[1], now=store.now) == made
    assert approve(made, seen=2, by=two[1], now=store.now) is Refusal.APPROVED
    assert change(made, wanted(store), seen=2, by=two[0], now=store.now) is Refusal.APPROVED


def test_who_changed_it_last_is_its_writer(store: World, two: tuple[Member, Member]) -> None:
    made = write(wanted(store), by=two[0], now=store.now)
    assert isinstance(made, UUID)
    change(made, wanted(store, path="/x/"), seen=1, by=two[1], now=store.now)
    assert approve(made, seen=2, by=two[1], now=store.now) is Refusal.SAME_PERSON
    assert approve(made, seen=2, by=two[0], now=store.now) == made


def test_the_database_keeps_what_was_approved(store: World, two: tuple[Member, Member]) -> None:
    made = approved(store, two)
    for field, value in (
        ("title", {"en": "x"}),
        ("guests", True),
        ("starts_at", store.now + DAY),
        ("approved_at", None),
    ):
        with pytest.raises(DatabaseError, match=r"stays as it was approved|second_person"):
            Announcement.objects.filter(pk=made.pk).update(**{field: value})
    unapproved = write(wanted(store), by=two[0], now=store.now)
    with pytest.raises(IntegrityError, match="announcement_goes_out_approved"):
        Announcement.objects.filter(pk=unapproved).update(reached=1)


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"topic": "orders"}, Refusal.NO_TOPIC),
        ({"title": {"en": "x", "zh-hans": " "}}, Refusal.NO_WORDS),
        ({"title": {"en": "x"}, "text": {"en": "x"}, "language": "en"}, None),
        ({"title": {**TITLE, "en": "x" * 101}}, Refusal.TOO_LONG),
        ({"text": {**TEXT, "en": "x" * 2001}}, Refusal.TOO_LONG),
        ({"channels": ()}, Refusal.NO_CHANNEL),
        ({"channels": ("pigeon",)}, Refusal.NO_CHANNEL),
        ({"path": "//evil.example"}, Refusal.BAD_PATH),
        ({"path": "https://evil.example"}, Refusal.BAD_PATH),
        ({"path": "/\\evil.example"}, Refusal.BAD_PATH),
        ({"path": "/a b"}, Refusal.BAD_PATH),
    ],
)
def test_what_cannot_be_announced(how: dict[str, object], refusal: Refusal | None) -> None:
    fields = {"topic": "offers", "title": TITLE, "text": TEXT, "channels": ("email",), "starts_at": OPENING, **how}
    assert wrong(Wanted(**fields)) is refusal  # type: ignore[arg-type]


def test_it_does_not_end_before_it_begins(store: World, two: tuple[Member, Member]) -> None:
    assert write(wanted(store, ends_at=store.now), by=two[0], now=store.now) is Refusal.ENDS_BEFORE


# --- to whom ---


def audience(store: World, two: tuple[Member, Member], **how: object) -> list[str]:
    approved(store, two, **how)
    go_out(store.now)
    return told()


def test_each_hears_in_their_language(store: World, two: tuple[Member, Member]) -> None:
    person(store, "en@example.org")
    person(store, "zh@example.org", "zh-hans")
    approved(store, two)
    go_out(store.now)
    send_all(store)
    assert {sent.to[0]: sent.subject for sent in mail.outbox} == {
        "en@example.org": TITLE["en"], "zh@example.org": TITLE["zh-hans"]
    }  # fmt: skip


def test_a_language_alone(store: World, two: tuple[Member, Member]) -> None:
    person(store, "en@example.org")
    person(store, "zh@example.org", "zh-hans")
    how = {"language": "en", "title": {"en": "x"}, "text": {"en": "x"}}
    assert audience(store, two, **how) == ["en@example.org"]


def test_a_market_is_where_one_looked_around_last_or_else_ordered(store: World, two: tuple[Member, Member]) -> None:
    person(store, "cn@example.org", market=store.cn)
    person(store, "us@example.org", market=store.us)
    person(store, "nowhere@example.org")
    buyer = person(store, "buyer@example.org")
    store.placed(store.thing(stock=1), by=buyer)
    assert audience(store, two, market_id=store.cn.pk) == ["buyer@example.org", "cn@example.org"]


def test_a_fan_level(store: World, two: tuple[Member, Member]) -> None:
    person(store, "seedling@example.org", fan_points=99)
    person(store, "ear@example.org", fan_points=100)
    assert audience(store, two, points_min=100) == ["ear@example.org"]


def test_who_typed_or_lost_an_address_is_not_told(store: World, two: tuple[Member, Member]) -> None:
    store.member()  # typed, not proven
    Member.objects.filter(pk=person(store)).update(is_active=False)
    assert audience(store, two) == []


def test_guests_only_where_wished_and_only_who_paid(store: World, two: tuple[Member, Member]) -> None:
    thing = store.thing(stock=3)
    for address in ("paid@example.org", "unpaid@example.org", "mine@example.org"):
        order = store.placed(thing, by=guest_of(address))
        if address != "unpaid@example.org":
            store.pay(order)
    person(store, "mine@example.org")  # an account has proven it since
    assert audience(store, two) == ["mine@example.org"]
    Message.objects.all().delete()
    Announcement.objects.all().delete()
    assert audience(store, two, guests=True) == ["mine@example.org", "paid@example.org"]


def test_who_refused_and_whose_mail_came_back_are_left_out(store: World, two: tuple[Member, Member]) -> None:
    refuser, other = person(store, "refuser@example.org"), person(store, "other@example.org")
    person(store, "Gone@example.org")
    refuse(refuser, [("offers", "email")], now=store.now)
    refuse(other, [("drops", "email"), ("offers", "push")], now=store.now)
    Bounce.objects.create(address="gone@example.org", kind="failed", at=store.now)
    assert audience(store, two) == ["other@example.org"]


def test_each_way_once(store: World, two: tuple[Member, Member]) -> None:
    fan = person(store, "fan@example.org")
    phone = str(device(store, fan))
    number = store.member(phone="+8613800000000", phone_verified=True)
    Member.objects.filter(pk=fan).update(phone="+8613900000000", phone_verified=True)
    made = approved(store, two, channels=("email", "push", "sms"))
    found = reach(made)
    assert (found.people, found.ways) == (2, {"email": 1, "push": 1, "sms": 1})
    go_out(store.now)
    assert told() == sorted(["fan@example.org", phone, "+8613800000000"])
    assert Message.objects.get(channel="sms").member_id == number


def test_the_count_is_who_is_told(store: World, two: tuple[Member, Member]) -> None:
    for n in range(5):
        person(store, language=("en", "zh-hans")[n % 2], fan_points=n * 50)
    made = approved(store, two, points_min=100, language="en", title={"en": "x"}, text={"en": "x"})
    assert reach(made).people == go_out(store.now) == len(told()) == 2


# --- how it goes out ---


@pytest.fixture
def crowd(store: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Seven people, and chunks of two."""
    monkeypatch.setattr(going, "CHUNK", 2)
    monkeypatch.setattr(going, "CHUNK_MAX", 2)
    return sorted(f"{person(store)}@example.org" for _ in range(7))


def gone_out(world: World) -> None:
    """Until it is over, as the worker does."""
    for _ in range(20):
        go_out(world.now)
        send_all(world)


def test_in_chunks_everybody_is_told_once(store: World, crowd: list[str], two: tuple[Member, Member]) -> None:
    made = approved(store, two)
    gone_out(store)
    assert sorted(sent.to[0] for sent in mail.outbox) == told() == crowd
    made.refresh_from_db()
    assert (made.written, made.sent, made.closed_at) == (7, 7, store.now)


def test_only_so_many_wait_at_a_time(
    store: World, crowd: list[str], two: tuple[Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going, "CHUNK_MAX", 4)
    made = approved(store, two)
    for _ in range(9):
        go_out(store.now)
    assert stand(made).waiting == 2
    send_all(store)
    assert go_out(store.now) == 4  # all went out: twice as many
    assert go_out(store.now) == 0  # nothing did: half as many, once they are gone
    send_all(store)
    assert go_out(store.now) == 1


def test_who_dies_in_the_middle_loses_and_doubles_nothing(
    store: World, crowd: list[str], two: tuple[Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a chunk, between its messages and the note of how far it is, and between sending and noting that."""
    made = approved(store, two)
    go_out(store.now)
    send_all(store)
    real = Announcement.objects.filter

    def dies(**which: object) -> object:
        if which.keys() == {"pk"}:
            raise KeyboardInterrupt
        return real(**which)

    with monkeypatch.context() as patched:
        patched.setattr(Announcement.objects, "filter", dies)
        with pytest.raises(KeyboardInterrupt):
            go_out(store.now)
    assert len(told()) == 2  # the chunk went with the note
    with monkeypatch.context() as patched:
        patched.setattr(send, "_take", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            send_due(store.now)
    gone_out(store)
    assert sorted(sent.to[0] for sent in mail.outbox) == told() == crowd
    made.refresh_from_db()
    assert made.sent == 7


def test_who_joins_meanwhile_is_told_too_and_who_moves_only_once(
    store: World, crowd: list[str], two: tuple[Member, Member]
) -> None:
    approved(store, two)
    go_out(store.now)
    first = Message.objects.order_by("member_id").first()
    assert first is not None
    EmailAddress.objects.filter(user_id=first.member_id).update(email="new@example.org")
    person(store, "late@example.org")
    gone_out(store)
    assert told() == sorted([*crowd, "late@example.org"])


def test_stopped_nothing_more_goes_out(store: World, crowd: list[str], two: tuple[Member, Member]) -> None:
    made = approved(store, two)
    go_out(store.now)
    send_all(store)
    go_out(store.now)
    assert stop(made.pk, by=two[0], now=store.now) == made.pk
    go_out(store.now)
    send_all(store)
    gone_out(store)
    assert len(mail.outbox) == 2
    made.refresh_from_db()
    assert (made.written, made.sent, made.given_up) == (4, 2, 2)
    assert made.closed_at == store.now
    assert stop(made.pk, by=two[0], now=store.now) is Refusal.STOPPED


def test_what_is_at_the_mail_server_when_it_is_stopped_is_waited_for(
    store: World, crowd: list[str], two: tuple[Member, Member]
) -> None:
    made = approved(store, two)
    go_out(store.now)
    taken = send._take(store.now)
    stop(made.pk, by=two[0], now=store.now)
    go_out(store.now)
    made.refresh_from_db()
    assert made.closed_at is None
    send._note(taken, [None, OSError("busy")], store.now)
    go_out(store.now)
    made.refresh_from_db()
    assert (made.closed_at, made.sent, made.given_up) == (store.now, 1, 1)


def test_what_is_stale_is_not_told(store: World, crowd: list[str], two: tuple[Member, Member]) -> None:
    made = approved(store, two, ends_at=store.now + HOUR)
    go_out(store.now)
    store.later(HOUR)
    gone_out(store)
    made.refresh_from_db()
    assert mail.outbox == []
    assert (made.written, made.given_up) == (2, 2)
    late = write(wanted(store, starts_at=store.now - HOUR, ends_at=store.now), by=two[0], now=store.now)
    assert isinstance(late, UUID)
    assert approve(late, seen=1, by=two[1], now=store.now) is Refusal.OVER


def test_an_orders_message_does_not_stand_behind_a_crowd(
    store: World, crowd: list[str], two: tuple[Member, Member]
) -> None:
    approved(store, two)
    for _ in range(9):
        go_out(store.now)
    assert Message.objects.count() == 2


def test_a_chunk_takes_as_many_queries_as_one_person(
    store: World, two: tuple[Member, Member], django_assert_max_num_queries: Callable
) -> None:
    for _ in range(50):
        person(store)
    approved(store, two)
    with django_assert_max_num_queries(7):
        assert go_out(store.now) == 50


# --- two workers ---


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    """Where each has read how far it is, and has yet to write anybody's message."""
    return MeetingPoint().before(monkeypatch, (going, "_fill"))


def nothing_happened() -> None:
    """What a twin broke is no matter for the world's audit."""
    Message.objects.all().delete()
    Announcement.objects.all().delete()


def without_lock(announcement: UUID) -> Announcement | None:
    return Announcement.objects.filter(pk=announcement).first()


def test_two_workers_tell_each_once(
    store: World, crowd: list[str], two: tuple[Member, Member], meet: MeetingPoint
) -> None:
    made, now = approved(store, two), store.now
    assert sorted(together(*[lambda: go_out(now)] * 2)) == [0, 2]
    assert not meet.all_met
    gone_out(store)
    made.refresh_from_db()
    assert (told(), made.written) == (crowd, 7)


def test_without_the_lock_the_key_still_keeps_it_once(
    store: World, crowd: list[str], two: tuple[Member, Member], meet: MeetingPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how far it is goes forward only: who came second undoes nothing."""
    approved(store, two)
    monkeypatch.setattr(going, "_taken", without_lock)
    now = store.now
    answers = together(*[lambda: go_out(now)] * 2)
    assert meet.all_met
    assert sorted(str(type(answer).__name__) for answer in answers) == ["IntegrityError", "int"]
    assert len(told()) == 2


def test_twin_without_lock_and_key_each_is_told_twice(
    store: World, crowd: list[str], two: tuple[Member, Member], meet: MeetingPoint, monkeypatch: pytest.MonkeyPatch,
    unguarded: Unguarded,
) -> None:  # fmt: skip
    unguarded("message_once")
    approved(store, two)
    monkeypatch.setattr(going, "_taken", without_lock)
    now = store.now
    assert together(*[lambda: go_out(now)] * 2) == [2, 2]
    assert meet.all_met
    assert len(told()) == 4
    assert "announced_once" in store.breaches()
    nothing_happened()


# --- pages ---

FORM = {
    "topic": "offers", "path": "/", "market": "", "language": "", "points_min": "0", "channels": ["email", "push"],
    "starts_at": "2031-11-11T09:00", "ends_at": "", "title-en": TITLE["en"], "text-en": TEXT["en"],
    "title-zh-hans": TITLE["zh-hans"], "text-zh-hans": TEXT["zh-hans"], "seen": "0",
}  # fmt: skip


def test_from_writing_to_stopping_on_the_pages(store: World, two: tuple[Member, Member]) -> None:
    person(store)
    writer, second = map(signed_in, two)
    answer = writer.post("/telling/announcements/new/", FORM, follow=True)
    page = answer.content.decode()
    assert "once somebody else has approved it" in page
    assert "Our price pledge" in page
    assert "我们的价格承诺" in page
    assert "person would be told as of now" in page
    assert "Approve it" not in page
    made = Announcement.objects.get()
    assert made.starts_at.isoformat() == "2031-11-11T01:00:00+00:00"  # nine in Shanghai
    path = f"/telling/announcements/{made.pk}/"
    assert writer.post(f"{path}approve", {"seen": "1"}).status_code == 404
    assert "Approve it" in second.get(path).content.decode()
    assert "It goes out at its time" in second.post(f"{path}approve", {"seen": "1"}, follow=True).content.decode()
    store.later(9 * HOUR)
    go_out(store.now)
    assert ">Goes out<" in writer.get("/telling/announcements/").content.decode()
    assert "Stopped. Who has it" in second.post(f"{path}stop", follow=True).content.decode()
    assert Announcement.objects.get().stopped_by == two[1]


def test_a_test_goes_to_who_asks_alone(store: World, two: tuple[Member, Member]) -> None:
    person(store)
    made = write(wanted(store), by=two[0], now=store.now)
    page = signed_in(two[1]).post(f"/telling/announcements/{made}/try", follow=True).content.decode()
    assert "On its way to you alone" in page
    send_all(store)
    assert {sent.to[0] for sent in mail.outbox} == {two[1].email}
    assert sorted(sent.subject for sent in mail.outbox) == ["Trial: Our price pledge", "试发：我们的价格承诺"]
    assert "Prices stay." in "".join(str(sent.body) for sent in mail.outbox)


def test_who_may_do_both_still_needs_another(store: World, two: tuple[Member, Member]) -> None:
    both = may(two[0], "announcements.approve_announcement")
    client = signed_in(both)
    client.post("/telling/announcements/new/", FORM)
    made = Announcement.objects.get()
    path = f"/telling/announcements/{made.pk}/"
    assert "Somebody other than its writer" in client.get(path).content.decode()
    assert "ask somebody else" in client.post(f"{path}approve", {"seen": "1"}, follow=True).content.decode()
    assert Announcement.objects.get().approved_at is None


def test_it_is_changed_on_its_page(store: World, two: tuple[Member, Member]) -> None:
    writer = signed_in(two[0])
    writer.post("/telling/announcements/new/", FORM)
    path = f"/telling/announcements/{Announcement.objects.get().pk}/change/"
    page = writer.get(path).content.decode()
    assert 'value="2031-11-11T09:00"' in page
    assert 'name="seen" value="1"' in page
    writer.post(path, {**FORM, "seen": "1", "title-en": "Our pledge"})
    assert Announcement.objects.get().title["en"] == "Our pledge"
    assert "changed it meanwhile" in writer.post(path, {**FORM, "seen": "1"}).content.decode()


@pytest.mark.parametrize(
    "typed",
    [{"title-en": ""}, {"starts_at": "soon"}, {"channels": []}, {"path": "evil"}, {"topic": "x"}, {"market": "9"},
     {"points_min": "x"}, {"text-en": "x" * 2001}, {"title-en": "\x00"}],
)  # fmt: skip
def test_what_was_not_understood_is_kept_for_mending(
    store: World, two: tuple[Member, Member], typed: dict[str, object]
) -> None:
    answer = signed_in(two[0]).post("/telling/announcements/new/", {**FORM, **typed})
    assert answer.status_code == 422
    assert "价格不变。" in answer.content.decode()
    assert Announcement.objects.count() == 0


def test_as_many_queries_whatever_is_listed(
    store: World, two: tuple[Member, Member], queries_of: Callable[[Client, str], int]
) -> None:
    client = signed_in(two[0])
    made = approved(store, two)
    few = queries_of(client, "/telling/announcements/")
    for _ in range(9):
        approved(store, two)
    assert queries_of(client, "/telling/announcements/") == few <= 8
    assert queries_of(client, f"/telling/announcements/{made.pk}/") <= 12
    assert queries_of(client, "/telling/announcements/new/") <= 9


def test_wrong_verbs_on_nothing(store: World, two: tuple[Member, Member]) -> None:
    nobody = Member.objects.get(pk=store.member())
    assert write(wanted(store), by=nobody, now=store.now) is Refusal.NOT_STAFF
    for answer in (
        approve(new_id(), seen=1, by=two[1], now=store.now),
        stop(new_id(), by=two[1], now=store.now),
        change(new_id(), wanted(store), seen=1, by=two[0], now=store.now),
    ):
        assert answer is Refusal.NO_SUCH
