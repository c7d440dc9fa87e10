"""The shop's clock goes by the database's, whatever the machine's does."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection

from setaria.kernel import clock

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nobody_followed_yet(monkeypatch):
    monkeypatch.setattr(clock, "_zero", None)
    monkeypatch.setattr(clock, "_zero_seconds", None)


def off(instant: datetime) -> timedelta:
    """How far the shop's clock is from `instant` now."""
    return abs(clock.now() - instant)


def test_what_follows_nobody_reads_the_machines_clock():
    assert off(datetime.now(UTC)) < timedelta(minutes=1)


def test_a_wrong_machine_follows_the_database(monkeypatch, tmp_path):
    (tmp_path / "wrong").write_text("3600")
    monkeypatch.setattr(clock, "_wrong_by", str(tmp_path / "wrong"))
    assert clock.now() > datetime.now(UTC) + HOUR / 2
    reading = time.monotonic()
    clock.follow(datetime.now(UTC), reading, reading)
    assert off(datetime.now(UTC)) < HOUR / 2
    (tmp_path / "wrong").write_text("-7200")  # it jumps meanwhile
    assert off(datetime.now(UTC)) < HOUR / 2
    assert abs(clock.seconds() - datetime.now(UTC).timestamp()) < 1800


def test_a_slow_answer_corrects_nothing_that_may_be_right():
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    clock.follow(noon, 100.0, 100.0)
    before = clock._zero
    clock.follow(noon + timedelta(seconds=5), 100.0, 109.0)  # it may have been read at 105
    assert clock._zero == before
    clock.follow(noon + timedelta(seconds=60), 100.0, 109.0)  # it was never 60 seconds later
    assert clock._zero != before


@pytest.mark.django_db
def test_it_follows_the_database_that_is_there():
    clock.follow_database()
    assert clock._zero is not None
    assert off(datetime.now(UTC)) < timedelta(minutes=1)  # the same machine's


@pytest.mark.django_db
def test_a_process_that_vanished_holds_no_stock_for_long():
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("20s",)
    assert settings.DATABASES["default"]["OPTIONS"]["tcp_user_timeout"] == "10000"
