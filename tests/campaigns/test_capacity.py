"""What the benchmark writes is what a campaign's check reads."""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from setaria.site.bench.cli import Result
from setaria.site.bench.environment import Environment
from setaria.trade.campaigns.capacity import FILE, last_measured

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def written(home: Path, orders_per_second: float) -> Path:
    environment = Environment(2, "a processor", "3.11", "18", "on", "on", 0.2, 0.1)
    result = Result(environment, 5, 4.0, 1, [], 2, orders_per_second, 0.0)
    (home / FILE).write_bytes(msgspec.json.encode(result))
    os.utime(home / FILE, (NOW.timestamp(), NOW.timestamp()))
    return home


def test_a_check_goes_by_the_rate_and_the_day_of_the_last_benchmark(tmp_path: Path) -> None:
    found = last_measured(written(tmp_path, 6_923.5))
    assert found is not None
    assert (found.orders_per_second, found.measured_at) == (6_923.5, NOW)


def test_pages_alone_and_anything_else_tell_nothing(tmp_path: Path) -> None:
    assert last_measured(tmp_path) is None
    assert last_measured(written(tmp_path, 0.0)) is None
    (tmp_path / FILE).write_text('{"outcomes": []}')
    assert last_measured(tmp_path) is None
