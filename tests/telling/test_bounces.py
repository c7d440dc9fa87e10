"""Mail that comes back: read as the standards say, believed only of what we sent, heeded, and lifted by staff."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.message import Message as Letter
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from setaria.kernel.ids import new_id
from setaria.people.members.guests import guest_of
from setaria.people.members.models import Member
from setaria.people.notices import email
from setaria.people.notices.bounces import bounced, lift, note, take_in
from setaria.people.notices.models import Bounce, Message
from setaria.people.notices.returned import What, lasting, read, status_in
from setaria.people.notices.send import send_due
from setaria.people.notices.write import Note, write
from tests.races.together import together
from tests.telling.conftest import may, signed_in
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

# As a mail server writes one: RFC 3464's own layout, its example in ours.
NOTIFICATION = b"""\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: bounces@store.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_1"

--=_1
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--=_1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 11 Nov 2031 00:00:02 +0800

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; in.example.org
Diagnostic-Code: smtp; 550 {status} <{to}>: Recipient address rejected: User
    unknown in virtual mailbox table

--=_1
Content-Type: {copy}

Message-ID: <{number}@127.0.0.1>
From: Setaria <store@localhost>
To: {to}
Subject: Paid

--=_1--
"""


def notification(
    number: UUID, *, to: str = "fan@example.org", action: str = "failed", status: str = "5.1.1",
    copy: str = "text/rfc822-headers",
) -> bytes:  # fmt: skip
    text = NOTIFICATION.decode()
    return text.format(to=to, action=action, status=status, number=number, copy=copy).replace("\n", "\r\n").encode()


def complaint(number: UUID, kind: str = "abuse") -> bytes:
    """As RFC 5965 has it; who complains is often left out."""
    report = MIMEMultipart("report", **{"report-type": "feedback-report"})
    report.attach(MIMEText("This is an email abuse report."))
    facts = MIMENonMultipart("message", "feedback-report")
    facts.set_payload(f"Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n")
    report.attach(facts)
    sent = EmailMessage()
    sent["Message-ID"] = f"<{number}@127.0.0.1>"
    sent["Subject"] = "Paid"
    sent.set_content("Thank you.")
    copy = MIMENonMultipart("message", "rfc822")
    copy.set_payload([sent])
    report.attach(copy)
    return report.as_bytes()


def posted(world: World, to: str = "fan@example.org", member: int | None = None) -> UUID:
    """A mail that went out."""
    write([Note(f"event-{new_id()}", "email", to, "en", "order_paid", {}, member)], now=world.now)
    send_due(world.now)
    return Message.objects.latest("id").pk


# --- read ---


@pytest.mark.parametrize("copy", ["text/rfc822-headers", "message/rfc822"])
def test_a_notification_is_read(copy: str) -> None:
    number = new_id()
    (report,) = read(notification(number, copy=copy))
    assert (report.what, report.message_id, report.recipient, report.status) == (
        What.FAILED, number, "fan@example.org", "5.1.1"
    )  # fmt: skip
    assert report.said.startswith("550 5.1.1 <fan@example.org>: Recipient address rejected")


@pytest.mark.parametrize("kind", ["abuse", "opt-out"])
def test_a_complaint_is_read(kind: str) -> None:
    number = new_id()
    (report,) = read(complaint(number, kind))
    assert (report.what, report.message_id, report.said) == (What.COMPLAINED, number, kind)


def test_a_report_that_all_is_well_is_none() -> None:
    assert read(complaint(new_id(), "not-spam")) == []
    assert read(notification(new_id(), action="delivered", status="2.0.0")) == []


@pytest.mark.parametrize(
    ("status", "said"),
    [("5.1.1", True), ("5.0.0", True), ("5.2.1", True), ("5.4.4", True), ("4.1.1", False), ("5.2.2", False),
     ("5.7.1", False), ("5.7.26", False), ("5.3.4", False), ("5.6.1", False), ("5.1.8", False), ("2.0.0", False)],
)  # fmt: skip
def test_which_no_is_lasting(status: str, said: bool) -> None:
    assert lasting(status) is said


def test_a_mail_servers_words() -> None:
    assert status_in("5.2.2 mailbox full") == "5.2.2"
    assert status_in("no such user") == "5.0.0"


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00", b"Hello", notification(new_id())[:300], b"Content-Type: multipart/report\r\n\r\nx",
     notification(new_id()).replace(b"Message-ID", b"X-Other"), complaint(new_id()).replace(b"report-type", b"x")],
)  # fmt: skip
def test_any_other_mail_says_nothing(raw: bytes) -> None:
    assert read(raw) == []


@given(st.binary(max_size=400), st.integers(0, 900))
def test_no_mail_breaks_the_reader(noise: bytes, at: int) -> None:
    whole = notification(UUID(int=7))
    for report in read(whole[:at] + noise + whole[at:]):
        assert report.message_id == UUID(int=7)


# --- believed ---


def test_what_came_back_is_noted_once(world: World) -> None:
    number = posted(world, "Fan@example.org")
    for _ in range(2):
        assert len(take_in(notification(number), now=world.now)) == 1
    (found,) = Bounce.objects.all()
    assert (found.address, found.kind, found.status, found.message_id) == ("fan@example.org", "failed", "5.1.1", number)
    assert set(bounced(["FAN@example.org", "x@example.org"])) == {"fan@example.org"}


def test_a_report_is_about_the_address_we_wrote_to(world: World) -> None:
    number = posted(world)
    take_in(notification(number, to="enemy@example.org"), now=world.now)
    assert Bounce.objects.get().address == "fan@example.org"


def test_who_invents_a_report_is_not_believed(world: World) -> None:
    posted(world)
    assert take_in(notification(new_id()), now=world.now) == []
    assert take_in(complaint(new_id()), now=world.now) == []
    assert Bounce.objects.count() == 0


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("failed", "4.4.7"), ("failed", "5.2.2")])
def test_what_may_pass_is_not_noted(world: World, action: str, status: str) -> None:
    number = posted(world)
    ((report, _),) = take_in(notification(number, action=action, status=status), now=world.now)
    assert report.what is What.PASSING
    assert Bounce.objects.count() == 0


def test_a_complaint_counts_without_an_address_in_it(world: World) -> None:
    number = posted(world)
    take_in(complaint(number), now=world.now)
    assert (Bounce.objects.get().address, Bounce.objects.get().kind) == ("fan@example.org", "complained")


def test_two_reports_at_once_are_one(world: World) -> None:
    raw, now = notification(posted(world)), world.now
    together(*[lambda: take_in(raw, now=now)] * 2)
    assert Bounce.objects.count() == 1


class Refusing(EmailBackend):
    """A mail server that knows nobody, or is full."""

    said = (550, b"5.1.1 no such user")

    def send_messages(self, messages: list[mail.EmailMessage]) -> int:  # type: ignore[override]
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: self.said})


@pytest.mark.parametrize(("said", "noted"), [((550, b"5.1.1 no such user"), 1), ((550, b"no"), 1), ((552, b"5.2.2 full"), 0),
                                             ((554, b"5.7.1 spam"), 0), ((452, b"4.2.2 full"), 0)])  # fmt: skip
def test_a_servers_no_while_sending_counts_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch, said: tuple[int, bytes], noted: int
) -> None:
    monkeypatch.setattr(email, "get_connection", Refusing)
    monkeypatch.setattr(Refusing, "said", said)
    number = posted(world)
    assert Bounce.objects.filter(message_id=number).count() == noted
    assert (Message.objects.get().given_up_at is None) is (said[0] < 500)


# --- heeded ---


def test_offers_stop_and_orders_do_not(world: World) -> None:
    fan = world.member()
    note("fan@example.org", Bounce.Kind.FAILED, "5.1.1", "", None, now=world.now)
    for kind in ("announcement_offers", "announcement_drops", "order_paid", "alert_back"):
        write([Note(f"event-{kind}", "email", "Fan@example.org", "en", kind, {"title": "x"}, fan)], now=world.now)
    send_due(world.now)
    assert sorted(Message.objects.exclude(sent_at=None).values_list("template", flat=True)) == [
        "alert_back",
        "order_paid",
    ]


def test_lifted_everything_goes_again_until_it_comes_back_anew(world: World) -> None:
    chief = Member.objects.get(pk=world.member(is_staff=True))
    note("fan@example.org", Bounce.Kind.FAILED, "5.1.1", "", None, now=world.now)
    first = Bounce.objects.get()
    assert not lift(first.pk, by=Member.objects.get(pk=world.member()), now=world.now)
    assert lift(first.pk, by=chief, now=world.now)
    assert not lift(first.pk, by=chief, now=world.now)
    assert bounced(["fan@example.org"]) == {}
    note("fan@example.org", Bounce.Kind.FAILED, "5.1.1", "", None, now=world.now)
    assert Bounce.objects.count() == 2


def test_mails_say_where_they_come_back_to(world: World, settings) -> None:
    settings.EMAIL_BOUNCES = "bounces@store.example"
    posted(world)
    (sent,) = mail.outbox
    assert sent.from_email == "bounces@store.example"
    letter: Letter = sent.message()
    assert letter["From"] == settings.DEFAULT_FROM_EMAIL


# --- pages ---


@pytest.fixture
def keeper(store: World) -> Client:
    return signed_in(may(Member.objects.get(pk=store.member(is_staff=True)), "notices.change_bounce"))


def test_staff_finds_and_lifts(store: World, keeper: Client, queries_of: Callable[[Client, str], int]) -> None:
    for n in range(3):
        note(f"fan-{n}@example.org", Bounce.Kind.FAILED, "5.1.1", "<b>no</b>", None, now=store.now)
    page = keeper.get("/telling/bounces/").content.decode()
    assert "3 addresses" in page
    assert "&lt;b&gt;no" in page
    found = keeper.get("/telling/bounces/?q=FAN-1").content.decode()
    assert ("fan-1@example.org" in found, "fan-2@example.org" in found) == (True, False)
    wanted = Bounce.objects.get(address="fan-1@example.org")
    assert "Lifted" in keeper.post(f"/telling/bounces/{wanted.pk}/lift", follow=True).content.decode()
    assert "lifted it already" in keeper.post(f"/telling/bounces/{wanted.pk}/lift", follow=True).content.decode()
    assert "lifted it already" in keeper.post(f"/telling/bounces/{10**30}/lift", follow=True).content.decode()
    assert queries_of(keeper, "/telling/bounces/") <= 8


@pytest.mark.parametrize("who", ["member", "guest"])
def test_an_orders_page_tells_staff_that_mail_came_back(store: World, keeper: Client, who: str) -> None:
    buyer = store.member() if who == "member" else guest_of("fan@example.org")
    if who == "member":
        EmailAddress.objects.create(user_id=buyer, email="fan@example.org", verified=True, primary=True)
    order = store.placed(store.thing(stock=1), by=buyer)
    assert "came back" not in keeper.get(f"/money/orders/{order.id}/").content.decode()
    note("fan@example.org", Bounce.Kind.FAILED, "5.1.1", "no such user", None, now=store.now)
    assert "Mail to this buyer came back" in keeper.get(f"/money/orders/{order.id}/").content.decode()
