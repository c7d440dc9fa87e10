"""Ordinary pages over a catalogue of ten thousand products: how long one takes alone, how many a second there are.

What is asked for is made up so that memory helps no more than it does in earnest: products of a long tail, listings
narrowed by what their products really have, words that people type, in two languages, now and then misspelt. A thousand
shoppers, each in their own way, make the mix.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from itertools import accumulate
from multiprocessing.connection import Connection as Pipe
from random import Random
from urllib.parse import quote

import httpx
import msgspec

from setaria.site.bench import purchases
from setaria.site.bench.catalogue import Catalogue, index, lay
from setaria.site.bench.ground import watched
from setaria.site.bench.load import Measured, Sample
from setaria.site.bench.pairs import Goal, Outcome, judge
from setaria.site.rush.client import address
from setaria.site.rush.instance import Instance

MARKET = "pages"
SHOPPERS = 1_000
EACH = 4_000  # addresses of a kind of page, hardly two of them alike
CONNECTIONS = 16
MS_WANTED, BYTES_WANTED = 15.0, 60_000
# Five times the best that a peer made of its list and product pages without a cache, on a machine of this size.
LISTS_WANTED, PRODUCTS_WANTED = 210.0, 385.0
SKEW = 0.9  # of popularity: the second most popular is looked at 2 ** -SKEW as often as the first
SORTS = ["", "sort=cheap", "sort=dear", "sort=popular", "sort=new"]
MISSPELT = 0.06  # of searches


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
    popular = random.sample(catalogue.products, len(catalogue.products))
    taste = _Taste(catalogue, random, popular, [1 / (place + 1) ** SKEW for place in range(len(popular))])
    found = {
        "home": ["/"],
        "listing": [taste.listing() for _ in range(EACH)],
        "listing, narrowed": [taste.narrowed() for _ in range(EACH)],
        "product": [f"/products/{slug}/" for slug in popular[:EACH]],
        "search": [f"/search/?q={quote(taste.words())}" for _ in range(EACH)],
        "suggest": [path for _ in range(EACH // 4) for path in taste.typed()],
    }
    found["mix"] = [path for _ in range(SHOPPERS) for path in taste.visit()]
    return Pages(found)


class _Taste:
    """What shoppers ask for, one thing at a time. `weights`: how often each of the `popular` is looked at."""

    def __init__(self, catalogue: Catalogue, random: Random, popular: list[str], weights: list[float]) -> None:
        self._catalogue, self._random = catalogue, random
        self._popular, self._weights = popular, list(accumulate(weights))
        self._kinds = [1 / (place + 1) for place in range(len(catalogue.kinds))]

    def kind(self) -> str:
        return self._random.choices(self._catalogue.kinds, self._kinds)[0]

    def product(self) -> str:
        return f"/products/{self._random.choices(self._popular, cum_weights=self._weights)[0]}/"

    def listing(self, kind: str = "") -> str:
        """A kind's listing as it comes, sorted otherwise, or a page or two on."""
        page = min(int(self._random.expovariate(1.2)) + 1, 9)
        asked = [self._random.choice(SORTS), f"page={page}" if page > 1 else ""]
        return f"/kinds/{kind or self.kind()}/?{'&'.join(part for part in asked if part)}".rstrip("?")

    def narrowed(self, kind: str = "") -> str:
        """A listing narrowed by one to three things that its products differ in."""
        kind = kind or self.kind()
        facets = self._catalogue.facets[kind]
        chosen = self._random.sample(facets, min(len(facets), self._random.choice([1, 1, 1, 2, 2, 3])))
        return f"/kinds/{kind}/?{'&'.join([*chosen, self._random.choice(SORTS)]).rstrip('&')}"

    def words(self) -> str:
        """What somebody types: a name, a piece of one, with what it is or what it should be like; or nearly so."""
        chinese, english = self._random.choice(self._catalogue.names)
        if self._random.random() < 0.5:
            start = self._random.choice([0, 0, 2])
            return chinese[start : start + self._random.randint(2, len(chinese))]
        parts = english.split()
        taken = parts[: self._random.randint(1, len(parts))]
        text = " ".join(taken if self._random.random() < 0.7 else reversed(taken)).lower()
        if self._random.random() < MISSPELT * 2 and len(text) > 5:  # of all, Chinese included
            at = self._random.randrange(1, len(text) - 1)
            return text[:at] + text[at + 1 :]
        return text

    def typed(self) -> list[str]:
        """The suggestions asked for while somebody types: not at every letter, since people type fast."""
        text = self.words()
        ends = sorted(self._random.sample(range(1, len(text) + 1), min(4, len(text))))
        return [f"/search/suggest?q={quote(text[:end])}" for end in ends]

    def visit(self) -> Iterator[str]:
        """One shopper's way: in by the front or from elsewhere, some kinds, narrowed down, some products, a search."""
        if self._random.random() < 0.6:
            yield "/"
        for _ in range(self._random.randint(0, 2)):
            kind = self.kind()
            yield self.listing(kind)
            for _ in range(self._random.randint(0, 2)):
                yield self.narrowed(kind)
        for _ in range(self._random.randint(1, 5)):
            yield self.product()
        if self._random.random() < 0.5:
            yield from self.typed()
            yield f"/search/?q={quote(self.words())}"
            yield self.product()


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
    yield from purchases.measure(instance, catalogue, seconds, pairs, tell)


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
