"""The waiting room is in the database: kill -9 of the web process and of PostgreSQL lose nobody's place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.queues.killed import EARLY, LATE, SOON


@pytest.mark.kills
def test_a_waiting_room_survives_the_death_of_web_and_database() -> None:
    own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SETARIA_SECRET_KEY", "SETARIA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.queues.killed"],
        cwd=root, env=env, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] == [["web", "postgres"]] * 2
    before, after = told["before"], told["after"]
    assert sorted(before) == list(range(1, EARLY + SOON + 1))  # nobody lost, nobody twice
    assert after[: len(before)] == before  # and the same after the second death
    assert sorted(after[len(before) :]) == list(range(len(before) + 1, len(before) + LATE + 1))
    assert told["early"] >= EARLY
    assert told["proof"] == []
    assert told["broken"] == []
