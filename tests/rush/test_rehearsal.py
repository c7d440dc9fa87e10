"""A whole rush, end to end: a real instance, a real crowd over HTTP, the reckoning and the audit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = Path(__file__).with_name("tiny.toml")
TINY_PREORDER = Path(__file__).with_name("tiny-preorder.toml")
PROGRAM = (
    "import sys; from pathlib import Path; from setaria.site.rush.cli import main\n"
    "if __name__ == '__main__':\n"
    "    sys.exit(main(sys.argv[1], float(sys.argv[2]), 11, None, Path(sys.argv[3]),\n"
    "        *map(int, sys.argv[4:])))"
)


def rehearse(folder, scenario=TINY, *, scale=1.0, kills=0, web=1, restarts=0):
    """Play the tiny rush in a process of its own, as the command does; its report."""
    file = folder / "report.json"
    own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SETARIA_SECRET_KEY", "SETARIA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    command = [sys.executable, "-c", PROGRAM, str(scenario), str(scale), str(file)]
    command += [str(kills), str(web), str(restarts)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(file.read_text())


def test_a_tiny_rush_adds_up_while_two_gates_are_started_anew(tmp_path):
    report = rehearse(tmp_path, web=2, restarts=1)
    assert [name for _, name in report["kills"]] == ["rolling restart"]
    assert set(report["reckoning"].values()) == {0}
    assert report["audit_broken"] == []
    assert report["wall_is_right"]
    # Everything that a rush is about has happened; how often depends on the machine (a cut comes too late where the
    # answer was quick).
    assert report["placed"] > 0
    assert report["paid"] > 0
    assert report["expired"] > 0
    assert report["refunds"] > 0
    assert {"NOT_OPEN", "OVER_LIMIT", "SOLD_OUT"} <= set(report["refused_answers"])
    assert report["cut_connections"] > 0
    assert report["paid"] + report["expired"] == report["placed"]


@pytest.mark.kills
def test_nothing_is_lost_when_parts_are_killed(tmp_path):
    report = rehearse(tmp_path, scale=4.0, kills=3)
    assert {part for _, part in report["kills"]} == {"web", "worker", "postgres"}
    assert report["lost_connections"] > report["cut_connections"]
    assert set(report["reckoning"].values()) == {0}
    assert report["audit_broken"] == []
    assert report["wall_is_right"]
    assert report["placed"] > 0


@pytest.mark.kills
def test_a_tiny_preorder_adds_up_when_parts_are_killed(tmp_path):
    report = rehearse(tmp_path, TINY_PREORDER, kills=2)
    assert len(report["kills"]) == 2  # one while places are taken, one while supplies arrive
    assert set(report["reckoning"].values()) == {0}
    assert report["audit_broken"] == []
    assert report["wall_is_right"]
    assert {"NOT_OPEN", "OVER_LIMIT", "FULL"} <= set(report["refused_answers"])
    assert report["queue"]["taken"] == report["queue"]["promised"] == 300
    assert report["queue"]["passed_on"] > 0
    assert report["paid"] + report["expired"] == report["placed"] == report["queue"]["orders"]
