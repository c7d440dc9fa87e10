"""The rule: our verifier against an independent one, and every way of tampering told apart."""

import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from setaria.trade.draws import draw as drawing
from setaria.trade.draws.models import Draw
from setaria.trade.draws.publish import publish
from setaria.trade.draws.verify import verify
from tests.draws.night import Night
from tests.world import World

File = dict[str, Any]


# --- a second implementation, from docs/howto/run-a-draw.md alone: it imports nothing of ours ---


def winners_by_the_book(file: File) -> dict[str, list[str]]:
    def h(data: bytes) -> bytes:
        return hashlib.sha256(data).hexdigest().encode()

    listing = b"".join(sorted(f"{mark} {sku}\n".encode() for mark, sku in file["entries"]))
    key = h(b"\n".join([b"setaria draw 1", file["seed"].encode(), h(listing), file["witness"].encode(), b""]))
    tickets: dict[str, list[tuple[bytes, str]]] = {sku: [] for sku in file["places"]}
    for mark, sku in file["entries"]:
        tickets[sku].append((h(key + b" " + mark.encode()), mark))
    return {sku: [mark for _, mark in sorted(found)][: file["places"][sku]] for sku, found in tickets.items()}


def file_of(night: Night) -> File:
    return json.loads("".join(publish(Draw.objects.get(pk=night.id))))


@pytest.mark.parametrize("witness", ["", "3456.78 点"])
def test_both_implementations_and_the_database_agree(world: World, witness: str) -> None:
    night = Night(world, units=9, also=4, witness_source="An index" if witness else "")
    night.fans(40)
    night.fans(3, night.band)
    night.close()
    drawing.seal(night.id, now=world.now)
    if witness:
        drawing.witness(night.draw, witness)
    drawing.draw(night.id, now=world.now)
    file = file_of(night)
    assert file["winners"] == winners_by_the_book(file)
    assert {sku: len(marks) for sku, marks in file["winners"].items()} == {night.phone.sku: 9, night.band.sku: 3}
    assert verify(file) == []


# --- a file made by hand, so that it can be spoilt by hand ---


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def made(marks: list[str], places: int = 2, witness: str = "", seed: str = "5" * 64) -> File:
    entries = sorted([mark, "PHONE"] for mark in marks)
    file: File = {
        "format": "setaria draw 1", "drop": "night", "places": {"PHONE": places}, "seed": seed,
        "seed_sha256": sha(seed), "witness_source": "An index" if witness else "", "witness": witness,
        "entries": entries, "entries_sha256": sha("".join(f"{mark} PHONE\n" for mark, _ in entries)),
    }  # fmt: skip
    return {**file, "winners": winners_by_the_book(file)}


MARKS = [f"mark{n:02}" for n in range(8)]
FAIR = made(MARKS, witness="7")


@given(
    st.lists(st.from_regex("[a-z2-7]{16}", fullmatch=True), unique=True, max_size=30),
    st.integers(1, 40),
    st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=9),
)
def test_both_implementations_agree_on_anything(marks: list[str], places: int, witness: str) -> None:
    assert verify(made(marks, places, witness)) == []


def spoilt(change: Callable[[File], object]) -> list[str]:
    file = copy.deepcopy(FAIR)
    change(file)
    return [fault.partition(":")[0] for fault in verify(file, sha("5" * 64))]


def exchange_seed(file: File) -> None:
    file["seed"] = "6" * 64
    file["winners"] = winners_by_the_book(file)


def exchange_seed_and_hash(file: File) -> None:
    exchange_seed(file)
    file["seed_sha256"] = sha(file["seed"])


def add_a_friend(file: File) -> None:
    file["entries"].append(["zzzz", "PHONE"])
    file["winners"] = winners_by_the_book(file)


def enter_twice(file: File) -> None:
    file["entries"].insert(0, file["entries"][0])
    file["entries_sha256"] = sha("".join(f"{mark} {sku}\n" for mark, sku in file["entries"]))
    file["winners"] = winners_by_the_book(file)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda file: None, []),
        (lambda file: file["winners"]["PHONE"].reverse(), ["WINNERS"]),
        (lambda file: file["winners"].update(PHONE=MARKS[:2]), ["WINNERS"]),
        (lambda file: file["places"].update(PHONE=3), ["WINNERS"]),
        (lambda file: file.update(places={}, winners={}), ["PLACES"]),
        (exchange_seed, ["SEED"]),
        (exchange_seed_and_hash, ["NOTED"]),
        (lambda file: file.update(seed_sha256="0" * 64), ["NOTED", "SEED"]),
        (lambda file: file["entries"].pop(), ["ENTRIES"]),
        (add_a_friend, ["ENTRIES"]),
        (enter_twice, ["LIST"]),
        (lambda file: file["entries"].reverse(), ["LIST", "ENTRIES"]),
        (lambda file: file.update(witness="8"), ["WINNERS"]),
        (lambda file: file.update(witness=""), ["WITNESS", "WINNERS"]),
        (lambda file: file.update(seed=""), ["NOT_DRAWN"]),
        (lambda file: file.update(format="setaria draw 2"), ["FORMAT"]),
        (lambda file: file.pop("entries"), ["FORMAT"]),
        (lambda file: file.update(entries=7), ["FORMAT"]),
        (lambda file: file.update(seed=7), ["FORMAT"]),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_told_apart(change: Callable[[File], object], found: list[str]) -> None:
    told = spoilt(change)
    # A list that is not the sealed one gives other winners as well; more than is asked for may be told, never less.
    assert told == found or (set(found) == {"ENTRIES"} and set(told) == {"ENTRIES", "WINNERS"}), told


@pytest.mark.parametrize("file", [None, 7, [], "x", {}, {"format": None}, {"format": []}])
def test_what_is_no_file_of_a_draw_is_no_accident(file: object) -> None:
    assert [fault.partition(":")[0] for fault in verify(file)] == ["FORMAT"]


# --- the command ---


def setaria(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with neither a database nor settings."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", "draw", "verify", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_the_command_needs_no_database_and_says_by_its_exit_code(tmp_path: Path) -> None:
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_text(json.dumps(FAIR), encoding="utf-8")
    bad.write_text(json.dumps({**FAIR, "winners": {"PHONE": MARKS[:2]}}), encoding="utf-8")
    none.write_text("{", encoding="utf-8")
    winner = FAIR["winners"]["PHONE"][0]
    fair = setaria(str(good), "--noted", FAIR["seed_sha256"], "--mark", winner)
    assert (fair.returncode, fair.stderr) == (0, "")
    assert "as the rule says" in fair.stdout
    assert f"{winner}: rank 1 of 8 for PHONE, a winner" in fair.stdout
    told = setaria(str(bad))
    assert (told.returncode, "WINNERS" in told.stderr) == (1, True)
    assert setaria(str(good), "--noted", "0" * 64).returncode == 1
    for path in (none, tmp_path / "missing.json"):
        told = setaria(str(path))
        assert (told.returncode, "Traceback" in told.stderr) == (1, False)
