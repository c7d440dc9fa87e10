"""The walk through the store's API (docs/howto/build-an-app.md) does what it says, typed as it stands there."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Shop

WALK = Path(__file__).parents[2] / "docs/howto/build-an-app.md"
BLOCK = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAID_SECONDS_MAX = 30
TOLD = 'echo; echo "$SESSION $(echo "$PLACED" | jq -r .id)"'


@pytest.fixture
def shell() -> str:
    missing = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
    if missing and not os.environ.get("SETARIA_CI"):
        pytest.skip(f"{', '.join(missing)} not found")
    assert not missing
    return "bash"


def test_the_walk_ends_with_a_paid_order(shop: Shop, shell: str) -> None:
    blocks = BLOCK.findall(WALK.read_text())
    script = "\n".join(["set -euo pipefail", *blocks, TOLD]).replace("http://127.0.0.1:8000", shop.url)
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    session, order = done.stdout.split()[-2:]
    assert _state(shop, session, order, time.monotonic() + PAID_SECONDS_MAX) == "paid", done.stdout


def _state(shop: Shop, session: str, order: str, until: float) -> str:
    """How the order stands, once the bank's word has come."""
    while True:
        answer = httpx.get(f"{shop.url}/api/v1/orders/{order}", headers={"x-session-token": session})
        state: str = answer.raise_for_status().json()["state"]
        if state == "paid" or time.monotonic() >= until:
            return state
        time.sleep(0.2)
