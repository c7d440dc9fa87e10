"""An overload end to end, as the command plays it, short: bounds hold, refusals are clear, pages answer. No timing."""

import json
import os
import subprocess
import sys


def test_a_short_overload(tmp_path):
    file = tmp_path / "report.json"
    own = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SETARIA_SECRET_KEY", "SETARIA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in own}
    command = [
        sys.executable,
        "-P",
        "-m",
        "setaria.site.cli",
        "rush",
        "overload",
        "--scale",
        "0.1",
        "--json",
        str(file),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    overload = json.loads(file.read_text())
    assert overload["audit_broken"] == []
    (slow,) = overload["stretches"]
    pressed, watched = slow["pressed"], slow["watched"]
    assert slow["unknown_orders"] == 0
    assert {"201"} <= set(pressed["answers"]) <= {"201", "503"}  # on a machine that is busy the crowd comes too slowly
    assert sum(pressed["answers"].values()) == pressed["sent"]
    assert set(watched["pages"]) == {"200"}
    # Fewer waited than connections were open: the bound in time came first.
    assert 0 < watched["lengths_max"]["gate_waiting orders"] < 3_500
    assert watched["room_min"] < 8_192
    assert watched["lengths_max"]["pages_busy"] <= 256
