"""Notifications reach the shop: repeated until taken, by a worker that outlives its database connections."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection, transaction

from setaria.kernel.ids import new_id
from setaria.site.jobs import run_jobs
from setaria.trade.payments.sandbox import notification
from setaria.trade.payments.sandbox.tasks import AGAIN_SECONDS_MAX, ATTEMPTS_MAX, PATH, UntilTaken, tell

pytestmark = pytest.mark.django_db(transaction=True)


class Shop(ThreadingHTTPServer):
    """Stands in for ours on the other end of the line: answers what it is told to, then 200; keeps what it got."""

    def __init__(self, *answers: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.got: list[tuple[str, bytes, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, body, self.headers[notification.SIGNATURE_HEADER]))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shop(settings: object, *answers: int) -> Iterator[Shop]:
    with Shop(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        settings.BASE_URL = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def worker() -> Iterator[threading.Event]:
    stopped = threading.Event()
    thread = threading.Thread(target=run_jobs, args=(stopped,))
    thread.start()
    try:
        yield stopped
    finally:
        stopped.set()
        began = time.monotonic()
        thread.join(10)
        assert time.monotonic() - began < 2.5
        assert not thread.is_alive()


def eventually(holds: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def queue() -> str:
    payment = str(new_id())
    tell.defer(payment_id=payment, order_id=str(new_id()), status="succeeded", amount=100, currency="CNY")
    return payment


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        return cursor.fetchone()[0]


def test_what_is_posted_is_signed_and_repeated_until_it_is_taken(settings: object) -> None:
    with shop(settings, 503, 404) as server:
        payment = queue()
        with worker():
            eventually(lambda: len(server.got) == 3)
            eventually(lambda: jobs() == 0)
    assert {path for path, *_ in server.got} == {PATH}
    assert len({body for _, body, _ in server.got}) == 1
    _, body, signature = server.got[0]
    key = notification.key_from(settings.SECRET_KEY)
    assert str(notification.parse(key, body, signature).payment_id) == payment


def test_a_job_queued_while_it_works_is_done_at_once(settings: object) -> None:
    with shop(settings) as server, worker():
        queue()
        eventually(lambda: len(server.got) == 1)
        time.sleep(0.2)
        began = time.monotonic()
        queue()
        eventually(lambda: len(server.got) == 2)
        assert time.monotonic() - began < 0.9  # it was told, and did not find out by looking


def test_what_is_queued_in_a_transaction_that_fails_is_not_done(settings: object) -> None:
    with shop(settings) as server, worker():
        with transaction.atomic():
            queue()
            transaction.set_rollback(True)
        queue()
        eventually(lambda: len(server.got) == 1 and jobs() == 0)


def test_it_outlives_its_database_connections(settings: object) -> None:
    with shop(settings) as server, worker():
        queue()
        eventually(lambda: len(server.got) == 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchall()
        queue()
        eventually(lambda: len(server.got) == 2)


def test_what_a_killed_worker_was_doing_is_done_again(settings: object) -> None:
    with shop(settings) as server:
        queue()
        with connection.cursor() as cursor:  # a worker that took the job and was heard of no more
            cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', attempts = 1,"
                " worker_id = (SELECT max(id) FROM procrastinate_workers)"
            )
        with worker():
            eventually(lambda: len(server.got) == 1)
            eventually(lambda: jobs() == 0)


def test_the_bank_waits_longer_each_time_and_gives_up_in_the_end() -> None:
    class Attempt:
        attempts = 0

    waits = []
    for attempts in (0, 1, 2, 3, 20, ATTEMPTS_MAX - 1):
        Attempt.attempts = attempts
        decision = UntilTaken().get_retry_decision(exception=OSError(), job=Attempt)  # type: ignore[arg-type]
        waits.append(round((decision.retry_at - datetime.now(UTC)).total_seconds()))
    assert waits == [1, 2, 4, 8, AGAIN_SECONDS_MAX, AGAIN_SECONDS_MAX]
    Attempt.attempts = ATTEMPTS_MAX
    assert UntilTaken().get_retry_decision(exception=OSError(), job=Attempt) is None  # type: ignore[arg-type]
