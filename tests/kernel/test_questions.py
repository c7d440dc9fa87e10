"""Asked in one go: one transaction, and each statement sees what was committed before it began."""

import threading
from concurrent.futures import ThreadPoolExecutor

import django.db
import pytest
from django.db import connection, transaction

from setaria.kernel.questions import Question, ask
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)

PUT = "INSERT INTO asked_things (name, n) VALUES (%(name)s, 1)"
LOCK = "SELECT FROM asked_things WHERE name = %(name)s FOR UPDATE"
COUNT = "SELECT coalesce(sum(n), 0)::int FROM asked_things"


@pytest.fixture(autouse=True)
def things(transactional_db: None):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE asked_things (name text PRIMARY KEY, n int)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE asked_things")


def put(name: str) -> Question:
    return Question(PUT, {"name": name})


def there() -> int:
    [[(count,)]] = ask(Question(COUNT, {}))
    return int(count)


def test_what_is_asked_together_is_committed_together() -> None:
    ask(put("a"), put("b"))
    assert there() == 2
    with pytest.raises(django.db.IntegrityError):
        ask(put("c"), put("a"))
    assert there() == 2


def test_it_belongs_to_the_transaction_around_it_as_its_first_statement() -> None:
    with transaction.atomic():
        ask(put("a"))
        transaction.set_rollback(True)
    assert there() == 0
    with transaction.atomic():
        ask(put("a"))
    assert there() == 1
    with transaction.atomic():
        try:
            with transaction.atomic():
                ask(put("b"))
                raise KeyError
        except KeyError:
            pass
        ask(put("c"))
    assert there() == 2


def seen_from_outside() -> int:
    """What another connection counts."""

    def count() -> int:
        try:
            return there()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(count).result()


def test_the_last_statements_of_a_transaction_commit_it_on_their_way() -> None:
    with transaction.atomic():
        ask(put("a"))
        assert seen_from_outside() == 0
        ask(put("b"), commit=True)
        assert seen_from_outside() == 2
    assert there() == 2


def test_within_another_transaction_that_one_has_the_last_word() -> None:
    with transaction.atomic():
        with transaction.atomic():
            ask(put("a"), commit=True)
        assert seen_from_outside() == 0
        transaction.set_rollback(True)
    assert there() == 0


def test_what_fails_at_the_end_takes_all_of_it_back() -> None:
    @transaction.atomic
    def twice() -> None:
        ask(put("a"))
        ask(put("b"), put("a"), commit=True)

    with pytest.raises(django.db.IntegrityError):
        twice()
    assert there() == 0
    with transaction.atomic():
        ask(put("a"))
        transaction.set_rollback(True)
        ask(put("b"), commit=True)
    assert there() == 0


def added_while_locked(*questions: Question) -> int:
    """One holds the thing and adds to it; the other asks meanwhile. What does it count?"""
    ask(put("a"))
    held, asking = threading.Event(), threading.Event()

    def add() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE asked_things SET n = 10 WHERE name = 'a'")
            held.set()
            asking.wait(20)
            # Not before the other waits for the lock, or if it does not, is done.
            done.wait(1)

    def count() -> int:
        held.wait(20)
        asking.set()
        counted = ask(*questions)[-1][0][0]
        done.set()
        return int(counted)

    done = threading.Event()
    return int(together(add, count)[1])


def test_who_waited_for_a_lock_sees_what_was_done_under_it() -> None:
    assert added_while_locked(Question(LOCK, {"name": "a"}), Question(COUNT, {})) == 10


def test_twin_without_the_lock_it_is_not_seen() -> None:
    assert added_while_locked(Question(COUNT, {})) == 1
