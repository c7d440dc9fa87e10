"""`setaria faults`, a handful: a real instance, a real crowd, and everything that can break does."""

import json
import os
import subprocess
import sys

import pytest

from setaria.site.faults.cli import Round
from setaria.site.faults.plan import CLOCK, DISK_FULL, plan
from setaria.site.faults.proxy import Fault


def test_the_same_seed_breaks_the_same_things_at_the_same_moments():
    planned = plan(7, 6, 10.0, disk=True)
    assert planned == plan(7, 6, 10.0, disk=True)
    assert planned != plan(8, 6, 10.0, disk=True)
    names = [name for _, name in planned]
    assert {"web", "postgres", "worker", CLOCK, DISK_FULL} <= set(names)
    assert sum(name in {fault.value for fault in Fault} for name in names) == 12
    assert all(0 < at < 10 for at, _ in planned)


@pytest.mark.parametrize(
    ("broken", "wall", "clean"), [({}, True, True), ({"lost": 1}, True, False), ({}, False, False)]
)
def test_a_round_is_clean_only_if_everything_held(broken, wall, clean):
    round_ = Round(1, 1.0, {}, {}, {}, 0, 0, 0, 0, wall, broken)
    assert round_.clean is clean


@pytest.mark.kills
def test_nothing_is_lost_when_everything_breaks(tmp_path):
    file = tmp_path / "faults.json"
    own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SETARIA_SECRET_KEY", "SETARIA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    command = [
        sys.executable,
        "-P",
        "-m",
        "setaria.site.cli",
        "faults",
        "--kills",
        "4",
        "--seed",
        "3",
        "--json",
        str(file),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(file.read_text())
    rounds = report["rounds"]  # one, unless a slow machine had no time for all kills
    assert {part for each in rounds for part in each["kills"]} == {"web", "worker", "postgres"}
    assert sum(sum(each["line"].values()) for each in rounds) > 0
    assert [each["broken"] for each in rounds] == [{}] * len(rounds)
    assert all(each["placed"] > 0 for each in rounds)
