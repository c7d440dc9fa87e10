"""What messages say: worded by staff who may, checked while it is typed, and never lost."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection
from django.test import Client
from django.urls import get_resolver

from setaria.people.members.models import Member
from setaria.people.notices import wordings
from setaria.people.notices.kinds import all_kinds, first_wording
from setaria.people.notices.models import Message, Wording
from setaria.people.notices.send import send_due
from setaria.people.notices.wordings import Answer, Draft, faults, keep, restore, standing
from setaria.people.notices.write import Note, write
from tests.guards import Unguarded
from tests.races.together import MeetingPoint, together
from tests.telling.conftest import may, signed_in
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/telling/wordings/order_paid/en/"
TEXT = "Thank you for {{ total }}.\n\n{{#things}}You get:\n{{ things }}{{/things}}\n\n{{ path }}"
DRAFT = Draft("order_paid", "en", "We have your {{ total }}", TEXT)
TYPED = {"subject": DRAFT.subject, "text": DRAFT.text, "seen": "0"}


def told(world: World, payload: dict[str, object] | None = None) -> None:
    """A message that waits."""
    payload = payload or {"total": [4_900, "CNY"], "path": "/orders/x/"}
    write([Note("event", "email", "fan@example.org", "en", "order_paid", payload)], now=world.now)


# --- verbs ---


def test_a_message_goes_out_in_the_words_that_stand_when_it_is_sent(world: World, writer: Member) -> None:
    told(world)
    assert keep(DRAFT, seen=0, by=writer, now=world.now) is Answer.KEPT
    send_due(world.now)
    (sent,) = mail.outbox
    assert (sent.subject, sent.body) == (
        "We have your ¥49",
        "Thank you for ¥49.\n\n\n\nhttp://127.0.0.1:8000/orders/x/\n",
    )


def test_the_other_language_stays_as_it_came(writer: Member, world: World) -> None:
    keep(DRAFT, seen=0, by=writer, now=world.now)
    assert standing("order_paid", "zh-hans") == (0, *first_wording("order_paid", "zh-hans"))


def test_every_version_is_kept_and_any_stands_again(writer: Member, world: World) -> None:
    for seen, subject in enumerate(("One", "Two", "Three")):
        keep(Draft("order_paid", "en", subject, TEXT), seen=seen, by=writer, now=world.now)
    assert restore("order_paid", "en", 1, seen=3, by=writer, now=world.now) is Answer.KEPT
    assert standing("order_paid", "en")[:2] == (4, "One")
    assert restore("order_paid", "en", 0, seen=4, by=writer, now=world.now) is Answer.KEPT
    assert standing("order_paid", "en") == (5, *first_wording("order_paid", "en"))
    assert [each.version for each in wordings.history("order_paid", "en")] == [5, 4, 3, 2, 1]
    assert restore("order_paid", "en", 9, seen=5, by=writer, now=world.now) is Answer.NO_SUCH_VERSION


def test_what_is_refused_changes_nothing(writer: Member, member: Member, world: World) -> None:
    assert keep(DRAFT, seen=0, by=member, now=world.now) is Answer.NOT_STAFF
    assert keep(DRAFT, seen=1, by=writer, now=world.now) is Answer.CHANGED
    assert keep(Draft("order_paid", "en", "x", "{{ secret }}"), seen=0, by=writer, now=world.now) is Answer.FAULTY
    first = Draft("order_paid", "en", *first_wording("order_paid", "en"))
    assert keep(first, seen=0, by=writer, now=world.now) is Answer.SAME
    assert Wording.objects.count() == 0


@pytest.mark.parametrize(
    ("subject", "text", "found"),
    [
        ("", TEXT, ("subject", "EMPTY", 1, "")),
        ("x" * 201, TEXT, ("subject", "TOO_LONG", 1, "")),
        ("Hi {{ nmae }}", TEXT, ("subject", "UNKNOWN_NAME", 1, "nmae")),
        ("Hi", "a\nb {{ totl }}", ("text", "UNKNOWN_NAME", 2, "totl")),
        ("Hi", "a\n\n{{#things}}b\n{{ path }}", ("text", "NOT_CLOSED", 3, "things")),
        ("Hi", "{% load %}", ("text", "STRAY_BRACES", 1, "{%")),
        ("Hi", "Thanks.", ("text", "MISSING", 1, "path")),
    ],
)
def test_a_fault_is_named_with_its_line(subject: str, text: str, found: tuple[str, str, int, str]) -> None:
    (fault,) = faults(Draft("order_paid", "en", subject, text))
    assert (fault.where, fault.why, fault.line, fault.name) == found


def test_every_first_wording_could_be_kept() -> None:
    for name in all_kinds():
        for language in ("en", "zh-hans"):
            assert faults(Draft(name, language, *first_wording(name, language))) == [], (name, language)


def test_words_that_name_what_is_not_told_any_more_give_way(writer: Member, world: World) -> None:
    Wording.objects.create(
        kind="order_paid", language="en", version=1, subject="Old {{ gone }}", text="x", written_by=writer,
        written_at=world.now,
    )  # fmt: skip
    told(world)
    send_due(world.now)
    assert mail.outbox[0].subject == "Paid: ¥49. Thank you."


def test_a_batch_asks_once_what_stands(world: World, writer: Member, django_assert_num_queries: Callable) -> None:
    from setaria.people.notices.words import Writer

    keep(DRAFT, seen=0, by=writer, now=world.now)
    many = [Message(template="order_paid", language=language, payload={}) for language in ("en", "zh-hans") * 9]
    with django_assert_num_queries(1):
        found = Writer(many)
        assert len({found.words(message, world.now).subject for message in many}) == 2


def test_the_database_keeps_versions_whole_and_for_ever(writer: Member, world: World) -> None:
    fields = {"kind": "order_paid", "language": "en", "written_by": writer, "written_at": world.now}
    for bad in ({"version": 1, "subject": "x"}, {"version": 1, "text": "x"}, {"version": 0}):
        with pytest.raises(IntegrityError):
            Wording.objects.create(**fields, **bad)
    with pytest.raises(IntegrityError):
        Wording.objects.create(**{**fields, "language": "fr"}, version=1)
    Wording.objects.create(**fields, version=1)
    for statement in ("UPDATE notices_wording SET text = 'x', subject = 'x'", "DELETE FROM notices_wording"):
        with pytest.raises(DatabaseError, match="a wording is history"), connection.cursor() as cursor:
            cursor.execute(statement)


# --- two at once ---


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> MeetingPoint:
    """Where each has seen which version stands, and has yet to add one."""
    return MeetingPoint().after(monkeypatch, wordings, "_version")


def test_of_two_at_once_one_is_heard(writer: Member, world: World, meet: MeetingPoint) -> None:
    now = world.now
    answers = together(*[lambda: keep(DRAFT, seen=0, by=writer, now=now)] * 2)
    assert meet.all_met
    assert sorted(answers) == [Answer.CHANGED, Answer.KEPT]
    assert Wording.objects.count() == 1


def test_twin_without_the_constraint_the_first_is_lost(
    writer: Member, world: World, meet: MeetingPoint, unguarded: Unguarded
) -> None:
    unguarded("wording_version_once")
    now = world.now
    answers = together(*[lambda: keep(DRAFT, seen=0, by=writer, now=now)] * 2)
    assert answers == [Answer.KEPT, Answer.KEPT]
    assert list(Wording.objects.values_list("version", flat=True)) == [1, 1]


# --- pages ---


def doors() -> list[str]:
    """Every address under /telling/, with something in its holes."""
    (telling,) = [each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "telling"]
    some = str(UUID(int=7))
    values = {"slug:kind": "order_paid", "str:language": "en", "uuid:announcement": some, "uuid:endpoint": some,
              "int:bounce": "7", "int:delivery": "7"}  # fmt: skip
    found = []
    for pattern in telling.url_patterns:
        path = str(pattern.pattern)
        for name, value in values.items():
            path = path.replace(f"<{name}>", value)
        found.append(f"/telling/{path}")
    return found


@pytest.mark.parametrize("path", doors())
def test_every_door_is_shut_to_who_may_not(shut: Callable[[str, dict[str, str]], None], path: str) -> None:
    assert "<" not in path
    shut(path, {**TYPED, "do": "keep", "version": "0"})
    assert Wording.objects.count() == 0
    assert Message.objects.count() == 0


def test_the_way_in_leads_to_what_one_may_see(store: World, staff: Client) -> None:
    assert staff.get("/telling/")["Location"] == "/telling/wordings/"
    for permission, page in (
        ("announcements.approve_announcement", "announcements"),
        ("notices.change_bounce", "bounces"),
    ):
        somebody = may(Member.objects.get(pk=store.member(is_staff=True)), permission)
        assert signed_in(somebody).get("/telling/")["Location"] == f"/telling/{page}/"


def test_the_list_names_every_kind(staff: Client, queries_of: Callable[[Client, str], int]) -> None:
    page = staff.get("/telling/wordings/").content.decode()
    for kind in all_kinds().values():
        assert kind.title["en"] in page.replace("&#x27;", "'")
        assert f"/telling/wordings/{kind.name}/zh-hans/" in page
    assert "always told" in page
    assert queries_of(staff, "/telling/wordings/") <= 8


def test_words_are_kept_and_told_who_by(staff: Client, writer: Member) -> None:
    answer = staff.post(PAGE, {**TYPED, "do": "keep"}, follow=True)
    page = answer.content.decode()
    assert "messages say this from now on" in page
    assert (
        f"Version 1, 11 Nov 2031, 00:00, {writer}" in " ".join(page.replace("</time>", "").split())
        or str(writer) in page
    )
    assert standing("order_paid", "en") == (1, DRAFT.subject, DRAFT.text)
    again = staff.post(PAGE, {**TYPED, "seen": "1", "do": "keep"}, follow=True).content.decode()
    assert "says this already" in again


def test_a_fault_is_told_so_that_one_can_mend_it(staff: Client) -> None:
    answer = staff.post(PAGE, {**TYPED, "do": "keep", "text": "Hello\n{{ totl }} <b>"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 2: This message does not know {{ totl }}. Did you mean {{ total }}?" in page
    assert "Hello\n{{ totl }} &lt;b&gt;" in page  # what was typed is kept
    assert Wording.objects.count() == 0


def test_who_was_slower_sees_both(staff: Client, writer: Member, world: World) -> None:
    keep(Draft("order_paid", "en", "Theirs", TEXT), seen=0, by=writer, now=world.now)
    answer = staff.post(PAGE, {**TYPED, "do": "keep"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in page
    assert "We have your" in page
    assert standing("order_paid", "en")[1] == "Theirs"


def test_looking_shows_mail_push_and_text_and_changes_nothing(staff: Client) -> None:
    part = staff.post(f"{PAGE}look", TYPED).content.decode()
    assert "<html" not in part
    assert part.count("We have your ¥2,499") == 2
    assert "1 × Mi 6 (Black, 64 GB)" in part
    assert "Line 1: “}}” stands alone" in staff.post(f"{PAGE}look", {**TYPED, "text": "}}"}).content.decode()
    assert Wording.objects.count() == 0


def test_a_test_goes_to_its_writer_alone_through_the_outbox(staff: Client, writer: Member, world: World) -> None:
    page = staff.post(PAGE, {**TYPED, "do": "try"}).content.decode()
    assert "On its way to you alone" in page
    assert "We have your {{ total }}" in page  # and one goes on typing
    send_due(world.now)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([writer.email], "Trial: We have your ¥2,499")
    assert "¥2,499" in sent.body
    assert Wording.objects.count() == 0


def test_a_test_with_a_fault_goes_nowhere(staff: Client) -> None:
    assert staff.post(PAGE, {**TYPED, "text": "{{ x }}", "do": "try"}).status_code == 422
    assert Message.objects.count() == 0


def test_an_earlier_version_stands_again(staff: Client, writer: Member, world: World) -> None:
    keep(DRAFT, seen=0, by=writer, now=world.now)
    page = staff.post(f"{PAGE}restore", {"version": "0", "seen": "1"}, follow=True).content.decode()
    assert "Restored" in page
    assert standing("order_paid", "en") == (2, *first_wording("order_paid", "en"))
    assert (
        "changed it meanwhile"
        in staff.post(f"{PAGE}restore", {"version": "1", "seen": "1"}, follow=True).content.decode()
    )


@pytest.mark.parametrize("path", ["/telling/wordings/nothing/en/", "/telling/wordings/order_paid/fr/"])
def test_what_is_not_there_is_not_found(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 404


@pytest.mark.parametrize("typed", [{}, {"subject": "\x00", "text": "\x00" * 9, "seen": "x"}, {"seen": "9" * 99}])
def test_rubbish_is_met_calmly(staff: Client, typed: dict[str, str]) -> None:
    for do in ("keep", "try", "look"):
        assert staff.post(PAGE, {**typed, "do": do}).status_code in (200, 409, 422)
    assert staff.post(f"{PAGE}restore", typed).status_code == 302


def test_the_page_asks_as_much_whatever_was_written(
    staff: Client, writer: Member, world: World, queries_of: Callable[[Client, str], int]
) -> None:
    few = queries_of(staff, PAGE)
    for seen in range(9):
        keep(Draft("order_paid", "en", f"No {seen}", TEXT), seen=seen, by=writer, now=world.now)
    assert queries_of(staff, PAGE) == few <= 10
