"""Notifications reach the shop: repeated until taken, each time later, and by one worker at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from django.db import connection, transaction

from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.trade.payments.sandbox import notification
from setaria.trade.payments.sandbox.models import Notice
from setaria.trade.payments.sandbox.tell import AGAIN_SECONDS_MAX, ATTEMPTS_MAX, PATH, tell_due

pytestmark = pytest.mark.django_db(transaction=True)


class Shop(ThreadingHTTPServer):
    """Stands in for ours on the other end of the line: answers what it is told to, then 200; keeps what it got."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.got: list[tuple[str, bytes, str]] = []
        self.meanwhile = lambda: None


class Handler(BaseHTTPRequestHandler):
    server: Shop
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, body, self.headers[notification.SIGNATURE_HEADER]))
        self.server.meanwhile()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shop(settings: object, *answers: int) -> Iterator[Shop]:
    with Shop(*answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        settings.BASE_URL = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()


def queue(at: datetime, **fields: object) -> UUID:
    about = {"order_id": new_id(), "status": "succeeded", "amount": 100, "currency": "CNY", "tell_at": at}
    return Notice.objects.create(payment_id=new_id(), **{**about, **fields}).payment_id


def test_what_is_posted_is_signed_and_repeated_until_it_is_taken(settings: object) -> None:
    at = now()
    with shop(settings, 503, 404) as server:
        payment = queue(at)
        for attempt in range(1, 4):
            assert tell_due(now=at) == 1
            assert tell_due(now=at) == 0  # not at once again
            assert len(server.got) == attempt
            assert Notice.objects.count() == (attempt < 3)
            at += timedelta(minutes=5)
        assert tell_due(now=at) == 0
    assert {path for path, *_ in server.got} == {PATH}
    assert len({body for _, body, _ in server.got}) == 1
    _, body, signature = server.got[0]
    key = notification.key_from(settings.SECRET_KEY)
    assert notification.parse(key, body, signature).payment_id == payment


def test_nothing_is_told_before_its_time(settings: object) -> None:
    at = now()
    with shop(settings) as server:
        queue(at + timedelta(seconds=20))
        assert tell_due(now=at + timedelta(seconds=19)) == 0
        assert tell_due(now=at + timedelta(seconds=20)) == 1
        assert len(server.got) == 1


def test_what_is_queued_in_a_transaction_that_fails_is_not_told(settings: object) -> None:
    with shop(settings) as server:
        with transaction.atomic():
            queue(now())
            transaction.set_rollback(True)
        queue(now())
        assert tell_due(now=now()) == 1
        assert len(server.got) == 1


def test_one_the_shop_will_not_take_keeps_no_other_waiting(settings: object) -> None:
    with shop(settings, 200, 500, 200) as server:
        told = [queue(now()) for _ in range(3)]
        assert tell_due(now=now()) == 3
        assert len(server.got) == 3
    assert list(Notice.objects.values_list("payment_id", flat=True)) == told[1:2]


def test_a_shop_that_is_down_is_told_later(settings: object) -> None:
    at = now()
    with shop(settings):
        pass
    for _ in range(3):
        queue(at)
    assert tell_due(now=at) == 3
    with shop(settings) as server:
        assert tell_due(now=at) == 0
        assert tell_due(now=at + timedelta(seconds=2)) == 3
        assert len(server.got) == 3


def test_what_a_killed_worker_was_telling_is_told_again(settings: object) -> None:
    """It dies between the post and its note: the shop hears it twice, which it must bear from any bank."""
    at = now()

    def kill() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()

    with shop(settings) as server:
        queue(at)
        server.meanwhile = kill
        with pytest.raises(Exception, match=r"terminat|clos"):
            tell_due(now=at)
        server.meanwhile = lambda: None
        assert tell_due(now=at) == 0
        assert tell_due(now=at + timedelta(seconds=2)) == 1
    assert len(server.got) == 2
    assert Notice.objects.count() == 0


def test_two_workers_never_tell_the_same(settings: object) -> None:
    at = now()
    with shop(settings) as server:
        queue(at)
        with transaction.atomic():
            Notice.objects.select_for_update().get()  # as the other one that takes it this instant
            other = threading.Thread(target=lambda: (found.append(tell_due(now=at)), connection.close()))
            found: list[int] = []
            other.start()
            other.join(10)
        assert (found, server.got) == ([0], [])


@pytest.mark.parametrize(
    ("before", "seconds"), [(0, 2), (1, 4), (2, 8), (20, AGAIN_SECONDS_MAX), (ATTEMPTS_MAX - 2, AGAIN_SECONDS_MAX)]
)
def test_the_bank_waits_longer_each_time(settings: object, before: int, seconds: int) -> None:
    at = now()
    with shop(settings, 500):
        queue(at, attempts=before)
        tell_due(now=at)
    assert Notice.objects.get().tell_at == at + timedelta(seconds=seconds)


def test_the_bank_gives_up_in_the_end(settings: object) -> None:
    with shop(settings, 500):
        queue(now(), attempts=ATTEMPTS_MAX - 1)
        tell_due(now=now())
    assert not Notice.objects.exists()
