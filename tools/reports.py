"""Play the scenarios one after another, and keep what they say under `docs/reports`. Give names to play some of them."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

REPORTS = Path(__file__).parents[1] / "docs" / "reports"
SCENARIOS = ("singles-day-2017", "one-hot-sku", "many-skus", "first-phone", "overload", "bots")


def machine() -> str:
    """What it ran on, without its name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def play(name: str) -> int:
    """Play one; its exit code. What it prints goes into the file and past us."""
    words = ["rush", name, "--json", str(REPORTS / f"{name}.json")]
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "setaria.site.cli", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    head = f"setaria rush {name}\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}; load before: {load:.1f}\n\n"
    (REPORTS / f"{name}.txt").write_text(head + done.stdout)
    sys.stdout.write(done.stdout)
    return done.returncode


def main(names: list[str]) -> int:
    """Play the named ones, or all; 1 if any was not clean."""
    unknown = set(names) - set(SCENARIOS)
    if unknown:
        sys.stderr.write(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(SCENARIOS)}.\n")
        return 2
    return max([play(name) for name in names or SCENARIOS])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
