"""A published order is checked by anybody: from the command line, without a database."""

import json
from pathlib import Path
from typing import Any

import pytest

from setaria.site import queue
from setaria.trade.queues.models import Queue
from tests.queues.room import enter, in_order, move, opened, people, queued
from tests.world import MINUTE, World


@pytest.fixture
def published(world: World, tmp_path: Path) -> Path:
    """A drop's proof, exported; two of the early ones have given their numbers up since."""
    drop = queued(world, {world.thing(stock=2): 2}, slug="by-number", offer_seconds=60)
    enter(world, drop, *people(world, 20))
    opened(world, drop)
    world.later(2 * MINUTE)
    enter(world, drop, *in_order(drop)[:2], again=True)
    move(world, drop)
    enter(world, drop, world.member())
    file = tmp_path / "queue.json"
    assert queue.export("by-number", file) == 0
    return file


def change(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_what_was_published_is_right(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proof = json.loads(published.read_text())
    assert len(proof["early"]) == 20
    assert queue.verify(published, proof["early"][4].upper()) == 0
    assert "all 20 early ones" in (said := capsys.readouterr().out)
    assert "You: number 5." in said
    assert queue.verify(published, "somebody") == 0
    assert "not in the list" in capsys.readouterr().out


def test_every_change_is_found(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = json.loads(published.read_text())
    early = right["early"]
    swapped = [early[1], early[0], *early[2:]]
    for fields, says in (
        ({"early": swapped}, "Number 1 should be"),
        ({"early": early[1:]}, "Number"),
        ({"early": [*early, early[0]]}, "more than once"),
        ({"seed": "00" * 32}, "does not have the hash"),
        ({"seed": "x"}, "not hexadecimal"),
        ({"seed_hash": "0" * 64}, "does not have the hash"),
    ):
        change(published, **{**right, **fields})
        assert queue.verify(published, None) == 1
        assert says in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"early": 1}', "no json"])
def test_any_other_file_is_told_apart(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    assert queue.verify(file, None) == 1
    assert "is not a waiting room's published order" in capsys.readouterr().err
    assert queue.verify(tmp_path / "nothing", None) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_nothing_is_exported_before_the_opening(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    drop = queued(world, {world.thing(stock=1): 1})
    plain = world.drop({world.thing(stock=1): 1})
    for slug, says in ((drop.slug, "secret until then"), (plain.slug, "no drop"), ("no-such", "no drop")):
        assert queue.export(slug, None) == 1
        said = capsys.readouterr()
        assert says in said.err
        assert bytes(Queue.objects.get().seed).hex() not in said.err + said.out
