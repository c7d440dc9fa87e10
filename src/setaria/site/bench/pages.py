"""Ordinary pages over a catalogue of ten thousand products: how long one takes alone, how many a second there are.

Products and searches are drawn evenly from the whole catalogue, so that hardly any page is asked for twice; the mix is
what a thousand shoppers do, who all look at the popular things more often.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection as Pipe
from random import Random
from urllib.parse import quote

import httpx
import msgspec

from setaria.site.bench.catalogue import Catalogue, index, lay
from setaria.site.bench.ground import watched
from setaria.site.bench.load import Measured, Sample
from setaria.site.bench.pairs import Goal, Outcome, judge
from setaria.site.rush.client import address
from setaria.site.rush.instance import Instance

MARKET = "pages"
SHOPPERS = 1_000
EACH = 400  # different addresses of a kind of page
CONNECTIONS = 16
MS_WANTED, BYTES_WANTED = 15.0, 60_000
# Five times the best that a peer made of its list and product pages without a cache, on a machine of this size.
LISTS_WANTED, PRODUCTS_WANTED = 210.0, 385.0
WORDS = ["spark", "voyage phone", "quiet", "手机", "星火", "麦浪 3", "greenhill", "dawn 7", "waterproof", "voyaje"]
SKEW = 1.1  # of popularity: the second most popular is looked at 2 ** -SKEW as often as the first


class Pages(msgspec.Struct, frozen=True):
    """Addresses to ask for, by kind of page."""

    by_kind: dict[str, list[str]]

    @property
    def mix(self) -> list[str]:
        """What a thousand shoppers ask for, one after another."""
        return self.by_kind["mix"]


def pages_of(catalogue: Catalogue, seed: int = 20260409) -> Pages:
    """Make up addresses for every kind of page, the same on every run."""
    random = Random(seed)
    kinds = [f"/kinds/{slug}/" for slug in catalogue.kinds]
    narrowings = [
        "maker=own",
        "in_stock=true",
        "maker=own&in_stock=true&sort=cheap",
        "price.max=500&sort=dear",
        "sort=new&page=2",
    ]
    products = [f"/products/{slug}/" for slug in random.sample(catalogue.products, min(EACH, len(catalogue.products)))]
    found = {
        "home": ["/"],
        "listing": kinds,
        "listing, narrowed": [f"{random.choice(kinds)}?{random.choice(narrowings)}" for _ in range(EACH)],
        "product": products,
        "search": [f"/search/?q={quote(word)}" for word in WORDS],
        "suggest": [f"/search/suggest?q={quote(word[:n])}" for word in WORDS for n in range(1, len(word) + 1)],
    }
    popular = random.sample(catalogue.products, len(catalogue.products))
    weights = [1 / (place + 1) ** SKEW for place in range(len(popular))]
    found["mix"] = [path for _ in range(SHOPPERS) for path in _visit(found, popular, weights, random)]
    return Pages(found)


def _visit(found: dict[str, list[str]], popular: list[str], weights: list[float], random: Random) -> Iterator[str]:
    """One shopper's way: in by the front, a kind, narrowed down, some products, a search as it is typed."""
    yield "/"
    yield random.choice(found["listing"])
    yield random.choice(found["listing, narrowed"])
    for slug in random.choices(popular, weights, k=3):
        yield f"/products/{slug}/"
    yield from random.sample(found["suggest"], 2)
    yield random.choice(found["search"])
    yield f"/products/{random.choices(popular, weights)[0]}/"


def measure(
    instance: Instance, load: Pipe, seconds: float, pairs: int, tell: Callable[[str], None]
) -> Iterator[Outcome]:
    """Lay out the catalogue and measure each kind of page. Needs Django set up on the instance's database."""
    catalogue = lay(MARKET)
    index()
    tell("the catalogue")
    pages = pages_of(catalogue)
    host = address(instance.url)[0]

    def sample(paths: list[str], connections: int) -> Measured:
        load.send(
            Sample(
                url=instance.url, path="", connections=connections, seconds=seconds, warm_seconds=seconds / 2,
                drop_id=0, skus=[], price=0, secret=instance.secret, per_second_max=0,
                pages=[get(path, host) for path in paths], watched=watched(instance),
            )
        )  # fmt: skip
        found: Measured = load.recv()
        return found

    for kind, paths in pages.by_kind.items():
        alone = [sample(paths, 1) for _ in range(pairs)]
        tell(kind)
        together = [sample(paths, CONNECTIONS) for _ in range(pairs)]
        tell(kind)
        yield from _judge(kind, alone, together)
    yield _sizes(instance, pages)


def _judge(kind: str, alone: list[Measured], together: list[Measured]) -> Iterator[Outcome]:
    rates = [m.per_second for m in together]
    p99 = statistics.median(m.p99_ms for m in alone)
    lost = sum(sum(m.others.values()) for m in alone + together)
    cpu = {name: round(statistics.median(m.cpu_us_each[name] for m in together)) for name in together[0].cpu_us_each}
    told = f"p99 {p99:.1f} ms; {statistics.median(rates):,.0f} a second on {CONNECTIONS} connections; {lost} failed"
    yield judge(
        Goal(8, f"{kind}: a page asked for alone, p50, ms", MS_WANTED, at_most=True), [m.p50_ms for m in alone], told
    )
    wanted = {"listing": LISTS_WANTED, "product": PRODUCTS_WANTED}.get(kind)
    if wanted is not None:
        yield judge(
            Goal(10, f"{kind}: pages a second", wanted), rates, "", {name: float(us) for name, us in cpu.items()}
        )


def _sizes(instance: Instance, pages: Pages) -> Outcome:
    """The largest HTML page of every kind, in either language, as it goes over the wire without compression."""
    sizes: dict[str, int] = {}
    with httpx.Client(base_url=instance.url, cookies={"market": MARKET}) as client:
        for language in ("en", "zh-CN"):
            for kind, paths in pages.by_kind.items():
                for path in paths[:20]:
                    answer = client.get(path, headers={"accept-language": language}).raise_for_status()
                    sizes[kind] = max(sizes.get(kind, 0), len(answer.content))
    told = ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in sizes.items() if kind != "mix")
    return judge(Goal(8, "largest HTML page, bytes", BYTES_WANTED, at_most=True), [max(sizes.values())], told)


def get(path: str, host: str) -> bytes:
    """Prepare a GET as it goes over the wire, by somebody who reads English and shops in the catalogue's market."""
    head = f"GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\naccept-language: en\r\n"
    return f"{head}cookie: market={MARKET}\r\n\r\n".encode()
