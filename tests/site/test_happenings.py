"""What the supervisor saw comes into the incident log, once, whatever breaks in between."""

from pathlib import Path

import pytest
from tests.world import World

from setaria.sight.command.models import Incident
from setaria.site.happenings import BYTES_MAX, FILE, enter, happened


def said() -> list[tuple[str, str, str]]:
    return list(Incident.objects.order_by("id").values_list("part", "level", "text"))


def test_what_happened_is_entered_in_order_and_once(world: World, tmp_path: Path) -> None:
    assert enter(tmp_path) == 0
    happened(tmp_path, "PostgreSQL", "failure", "The database ended.")
    happened(tmp_path, "PostgreSQL", "note", "The database was started again.")
    assert enter(tmp_path) == 2
    assert enter(tmp_path) == 0
    assert said() == [
        ("PostgreSQL", "failure", "The database ended."),
        ("PostgreSQL", "note", "The database was started again."),
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_worker_killed_between_commit_and_clearing_up_enters_nothing_twice(world: World, tmp_path: Path) -> None:
    happened(tmp_path, "web server", "failure", "It ended.")
    kept = (tmp_path / FILE).read_bytes()
    enter(tmp_path)
    (tmp_path / f"{FILE}.taken").write_bytes(kept)
    happened(tmp_path, "web server", "note", "Meanwhile.")
    assert enter(tmp_path) == 0
    assert enter(tmp_path) == 1
    assert [text for _, _, text in said()] == ["It ended.", "Meanwhile."]


def test_a_line_cut_off_costs_that_line_only(world: World, tmp_path: Path) -> None:
    happened(tmp_path, "worker", "failure", "First.")
    with (tmp_path / FILE).open("ab") as out:
        out.write(b'{"at": "2026\n')
    happened(tmp_path, "worker", "failure", "Second.")
    assert enter(tmp_path) == 2


@pytest.mark.parametrize("size", [BYTES_MAX, BYTES_MAX * 2])
def test_a_file_nobody_takes_does_not_grow_for_ever(tmp_path: Path, size: int) -> None:
    (tmp_path / FILE).write_bytes(b"x" * size)
    happened(tmp_path, "worker", "failure", "One more.")
    assert (tmp_path / FILE).stat().st_size == size


def test_a_home_that_is_gone_ends_nobody(tmp_path: Path) -> None:
    happened(tmp_path / "gone", "worker", "failure", "Unheard.")
