"""Messages: written once for each event, sent once by any number of senders, again only by whoever cannot know."""

import smtplib
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from setaria.people.notices import channels, email, send
from setaria.people.notices.models import Message
from setaria.people.notices.send import ATTEMPTS_MAX, KEPT, LEASE, PART, SEND_MAX, send_due
from setaria.people.notices.write import Note, write
from tests.guards import Unguarded
from tests.races.together import together
from tests.world import MINUTE, SECOND, World

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"name": {"en": "Phone", "zh-hans": "手机"}, "variant": {"en": "Black"}, "thing_path": "/products/phone/", "path": "/alerts/x/", "stop_path": "/alerts/x/"}  # fmt: skip


def note(number: int = 1, *, key: str = "", to: str = "", language: str = "en", **how: object) -> Note:
    return Note(
        key or f"event-{number}", "email", to or f"fan-{number}@example.org", language, "alert_back", PHONE,
        **how,  # type: ignore[arg-type]
    )  # fmt: skip


def states() -> list[tuple[int, bool, bool]]:
    rows = Message.objects.order_by("recipient", "key")
    return [(row.attempts, row.sent_at is not None, row.given_up_at is not None) for row in rows]


def test_a_message_of_an_event_exists_once(world: World) -> None:
    for _ in range(2):
        write([note(1), note(2), note(1)], now=world.now)
    assert Message.objects.count() == 2
    write([note(2, key="event-1")], now=world.now)  # the same event, somebody else
    assert Message.objects.count() == 3


def test_a_message_is_as_lasting_as_what_it_tells_of(world: World) -> None:
    with transaction.atomic():
        write([note()], now=world.now)
        transaction.set_rollback(True)
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [("en", "Phone is back", "Phone (Black) can be had again."), ("zh-hans", "手机", "手机（Black）")],
)
def test_it_is_sent_in_its_language_with_a_way_to_stop(world: World, language: str, subject: str, said: str) -> None:
    write([note(language=language)], now=world.now)
    assert send_due(world.now) == 1
    (sent,) = mail.outbox
    assert subject in sent.subject
    assert said in sent.body
    assert sent.to == ["fan-1@example.org"]
    assert "http://127.0.0.1:8000/alerts/x/" in sent.body
    assert sent.extra_headers["List-Unsubscribe"] == "<http://127.0.0.1:8000/alerts/x/>"
    assert sent.extra_headers["Message-ID"] == f"<{Message.objects.get().pk}@127.0.0.1>"
    assert send_due(world.now) == 0


def test_nothing_goes_before_its_time(world: World) -> None:
    write([note(due_at=world.now + MINUTE)], now=world.now)
    assert send_due(world.now) == 0
    assert send_due(world.now + MINUTE) == 1


def test_more_than_a_batch_goes_in_order(world: World) -> None:
    write([note(n, due_at=world.now - n * SECOND) for n in range(SEND_MAX + 1)], now=world.now)
    assert [send_due(world.now) for _ in range(3)] == [SEND_MAX, 1, 0]
    assert mail.outbox[-1].to == ["fan-0@example.org"]


def answering(*answers: Exception | None) -> Callable[[Sequence[Message], datetime], list[Exception | None]]:
    left = list(answers)

    def deliver(messages: Sequence[Message], now: datetime) -> list[Exception | None]:
        return [left.pop(0) for _ in messages]

    return deliver


def test_a_failure_waits_longer_each_time_and_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.CHANNELS, "email", answering(*[OSError("away\x00")] * ATTEMPTS_MAX))
    write([note()], now=world.now)
    waits = []
    for _ in range(ATTEMPTS_MAX):
        assert send_due(world.now) == 1
        row = Message.objects.get()
        waits.append(row.due_at - world.now)
        world.now = max(row.due_at, world.now)
    assert waits[:-1] == sorted(waits[:-1])
    assert states() == [(ATTEMPTS_MAX, False, True)]
    assert send_due(world.now + 365 * 24 * 60 * MINUTE) == 0


def test_one_that_fails_keeps_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.CHANNELS, "email", answering(None, OSError("away"), None))
    write([note(n) for n in range(3)], now=world.now)
    send_due(world.now)
    assert states() == [(1, True, False), (1, False, False), (1, True, False)]


def test_what_can_never_be_sent_is_given_up_at_once(world: World) -> None:
    notes = [
        note(1),
        Note("e", "pigeon", "x", "en", "alert_back", {}),
        Note("e", "email", "a@b.example", "en", "nothing", {}),
    ]
    write(notes, now=world.now)
    send_due(world.now)
    given_up = Message.objects.filter(given_up_at__isnull=False)
    assert sorted(given_up.values_list("channel", flat=True)) == ["email", "pigeon"]
    assert len(mail.outbox) == 1


class Refusing(EmailBackend):
    """A mail server that says no to some, and goes away."""

    def send_messages(self, messages: list[mail.EmailMessage]) -> int:  # type: ignore[override]
        (message,) = messages
        match message.to[0]:
            case "gone@example.org":
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such user")})
            case "full@example.org":
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (452, b"mailbox full")})
            case "last@example.org":
                raise smtplib.SMTPServerDisconnected("bye")
            case "never@example.org":
                raise AssertionError("the server is away, it is not asked again")
        return super().send_messages(messages)


def test_a_mail_servers_no_is_understood(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "get_connection", Refusing)
    to = ["fan@example.org", "full@example.org", "gone@example.org", "last@example.org", "never@example.org"]
    write([note(n, to=one, due_at=world.now - (9 - n) * SECOND) for n, one in enumerate(to)], now=world.now)
    send_due(world.now)
    assert states() == [(1, True, False), (1, False, False), (1, False, True), (1, False, False), (1, False, False)]
    assert len(mail.outbox) == 1


def test_a_batch_is_noted_in_parts_and_not_one_by_one(world: World) -> None:
    write([note(n) for n in range(2 * PART)], now=world.now)
    with CaptureQueriesContext(connection) as seen:
        assert send_due(world.now) == 2 * PART
    updates = [each["sql"] for each in seen if "SET sent_at" in each["sql"]]
    assert len(updates) == 2
    assert len(seen) <= 12


def test_what_a_slow_channel_has_no_time_for_is_left_and_was_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write([note(n) for n in range(PART + 3)], now=world.now)
    at = iter([0.0, 1.0, send.BEGIN_SECONDS_MAX])
    monkeypatch.setattr(send, "monotonic", lambda: next(at))
    send_due(world.now)
    assert sorted(states()) == [(0, False, False)] * 3 + [(1, True, False)] * PART
    monkeypatch.setattr(send, "monotonic", lambda: 0.0)
    assert send_due(world.now) == 3  # at once: no lease is left on them
    assert sorted(set(states())) == [(1, True, False)]


# --- senders at once, and senders that die ---


def test_two_senders_share_the_work(world: World) -> None:
    write([note(n) for n in range(2 * SEND_MAX)], now=world.now)
    found = together(*[lambda: send_due(world.now)] * 2)
    assert sum(found) + send_due(world.now) == 2 * SEND_MAX
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 2 * SEND_MAX


def test_a_sender_that_dies_between_sending_and_noting_leaves_it_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write([note()], now=world.now)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(send, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
            send_due(world.now)
    assert send_due(world.now + LEASE - SECOND) == 0  # it may still be at it
    assert send_due(world.now + LEASE) == 1
    # At least once: the mail server had it already, and sees by the id that it is the same.
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert states() == [(2, True, False)]


def test_a_sender_thought_dead_notes_nothing_of_what_another_took(world: World) -> None:
    write([note()], now=world.now)
    (slow,) = send._take(world.now)
    assert send_due(world.now + LEASE) == 1
    sent_at = Message.objects.get().sent_at
    send._note([slow], [OSError("late")], world.now + 2 * LEASE)
    row = Message.objects.get()
    assert (row.sent_at, row.trouble) == (sent_at, "")


def test_twin_without_the_constraint_an_event_is_told_twice(world: World, unguarded: Unguarded) -> None:
    unguarded("message_once")
    together(*[lambda: write([note()], now=world.now)] * 2)
    assert Message.objects.count() == 2


def test_written_at_once_it_is_one(world: World) -> None:
    together(*[lambda: write([note()], now=world.now)] * 2)
    assert Message.objects.count() == 1


def test_old_messages_are_forgotten_and_waiting_ones_are_not(world: World) -> None:
    write([note(1), note(2, due_at=world.now + 2 * KEPT)], now=world.now)
    send_due(world.now)
    assert send.forget(world.now + KEPT) == 0
    assert send.forget(world.now + KEPT + SECOND) == 1
    assert Message.objects.get().sent_at is None


def test_the_database_keeps_it_one_or_the_other(world: World) -> None:
    write([note()], now=world.now)
    with connection.cursor() as cursor, pytest.raises(Exception, match="message_sent_or_given_up"):
        cursor.execute("UPDATE notices_message SET sent_at = now(), given_up_at = now()")
