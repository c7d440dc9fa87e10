"""People among robots, end to end and tiny: the books are right and what the robots tried was seen. No timing."""

import json
import os
import subprocess
import sys


def test_a_few_people_among_robots(tmp_path):
    file = tmp_path / "report.json"
    own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SETARIA_SECRET_KEY", "SETARIA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    command = [sys.executable, "-P", "-m", "setaria.site.cli", "rush", "bots", "--scale", "0.1", "--json", str(file)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    bots = json.loads(file.read_text())
    assert bots["audit_broken"] == []
    without, among = bots["without"], bots["among"]
    assert (without["people"], without["bots"]) == (6, 0)
    assert (among["people"], among["bots"]) == (6, 54)
    assert among["people_served"] + sum(among["bots_served"].values()) <= 6
    assert {"forges passes", "asks without working", "repeats another's proof"}.isdisjoint(among["bots_served"])
    assert {outcome for outcome, _, _ in among["guard"]} >= {"work", "later"}
