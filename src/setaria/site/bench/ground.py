"""What the measurements stand on: two open drops of an instance that flushes to disk, the baseline's server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from setaria.site.rush import processes
from setaria.site.rush.instance import Instance, NoInstance, free_port
from setaria.site.supervisor import end, spawn, tail

PRICE = 199_900
UNITS = 1_000_000_000
WIDE_ITEMS = 1_000
OPENS_SECONDS = 1.0
LISTENING_SECONDS_MAX = 20.0


class Ground(msgspec.Struct, frozen=True):
    """A drop to order from, by its address at the gate."""

    drop_id: int
    slug: str
    skus: list[str]


def lay(slug: str, items: int, units: int = UNITS) -> Ground:
    """Make an open drop of so many products, if not told otherwise with stock beyond any measurement.

    It has a market of its own, by its slug. Needs Django set up.
    """
    from setaria.goods.catalog.models import Product, Variant
    from setaria.goods.inventory import move
    from setaria.kernel.clock import now
    from setaria.kernel.ids import new_id
    from setaria.site.rush.stage import set_market
    from setaria.trade.drops.prepare import Item, prepare

    channel, warehouse, kind = set_market(slug)
    text = {"en": slug}
    products = Product.objects.bulk_create(
        Product(slug=f"{slug}-{n}", kind=kind, maker="own", maker_name="Setaria", name=text, line=text, text=text)
        for n in range(items)
    )
    variants = Variant.objects.bulk_create(
        Variant(product=product, sku=f"{slug.upper()}-{n:04}", name=text) for n, product in enumerate(products)
    )
    move.receive(new_id(), warehouse.id, [move.Units(v.id, units) for v in variants], now=now())
    begun = now()
    drop = prepare(
        slug, name=text, line=text, channel=channel, opens_at=begun + timedelta(seconds=OPENS_SECONDS),
        closes_at=begun + timedelta(days=1), items=[Item(v.id, units, 1, PRICE) for v in variants], now=begun,
    )  # fmt: skip
    time.sleep(2 * OPENS_SECONDS)  # until it is open and the gate has seen it
    return Ground(drop.id, slug, [variant.sku for variant in variants])


@contextmanager
def naive(instance: Instance) -> Iterator[str]:
    """Serve the baseline on the instance's database; its address. Raises NoInstance when it does not start."""
    port = free_port()
    env = os.environ | {"DATABASE_URL": instance.database_url, "SETARIA_SECRET_KEY": instance.secret}
    with tempfile.NamedTemporaryFile(prefix="setaria-naive-") as log:
        process = spawn([sys.executable, "-P", "-m", "setaria.site.bench.naive", str(port)], env, log)
        try:
            if not _listens(port, process):
                raise NoInstance(f"The baseline's server did not start. Its log ends:\n{tail(Path(log.name))}")
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process, ((signal.SIGTERM, 5.0),))


def watched(instance: Instance) -> dict[str, list[int]]:
    """Return the process ids of the instance's gates and of its PostgreSQL, sessions included."""
    return {
        name: [member for pid in instance.parts(part) for member in processes.family(pid)]
        for name, part in (("gate", "web"), ("PostgreSQL", "postgres"))
    }


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + LISTENING_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False
