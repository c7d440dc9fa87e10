"""What staff write and version: a campaign in a TOML file. Reading it says in which line what is wrong."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from setaria.kernel.texts import LANGUAGES

FILE_BYTES_MAX = 256 * 1024
DROPS_MAX = 50
ITEMS_MAX = 500

Texts = dict[str, str]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]*$", max_length=60)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file: a field it does not know is an error, so that a slip of the pen is not overlooked."""


class PlannedItem(Strict, frozen=True):
    """A variant on offer: units set aside, how many for each customer, and its price (minor units) if it changes."""

    sku: str
    units: Positive
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    price: Positive | None = None


class PlannedDrop(Strict, frozen=True):
    """A drop of the campaign, in one market. Times are the market's own; left out: the campaign's whole days."""

    slug: Slug
    market: str
    name: Texts
    line: Texts
    item: Annotated[tuple[PlannedItem, ...], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    opens: datetime | None = None
    closes: datetime | None = None
    payment_seconds: Annotated[int, msgspec.Meta(ge=1, le=7 * 86400)] = 900
    admission: Literal["open", "queue", "draw", "code"] = "open"


class PlannedPrice(Strict, frozen=True):
    """A price (minor units) for the campaign's days, for something that is in none of its drops."""

    market: str
    sku: str
    price: Positive


class PlannedMessage(Strict, frozen=True):
    """An announcement for the store's front page, shown from the beginning of one day to the end of another."""

    slug: Slug
    title: Texts
    text: Texts
    first_day: date
    last_day: date


class Expectation(Strict, frozen=True):
    """How many orders a second are expected at the peak, and why so many."""

    orders_per_second: Positive
    source: str = ""


class Documented(Strict, frozen=True):
    """One documented figure of an earlier event: money (minor units), where it counts, and who says so (R-030).

    `seconds`: passed so long after the opening; without it, the total. `at_least`: the source says "more than".
    `times_before`: how many times the year before, where the source gives that.
    """

    day: date
    market: str
    scope: Texts
    amount: Positive
    source: Annotated[str, msgspec.Meta(min_length=1)]
    at_least: bool = False
    seconds: Positive | None = None
    times_before: float | None = None


class Plan(Strict, frozen=True):
    """A whole file. Days are whole days in each market's own time."""

    slug: Slug
    series: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]*$", max_length=40)]
    name: Texts
    line: Texts
    first_day: date
    last_day: date
    markets: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    # Prices are promised to be lower than the lowest of so many days before (7 in China, 30 in the EU). 0: no promise.
    lower_than_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 7
    expect: Expectation | None = None
    drop: Annotated[tuple[PlannedDrop, ...], msgspec.Meta(max_length=DROPS_MAX)] = ()
    price: Annotated[tuple[PlannedPrice, ...], msgspec.Meta(max_length=ITEMS_MAX)] = ()
    message: tuple[PlannedMessage, ...] = ()
    before: tuple[Documented, ...] = ()


class BadPlan(Exception):
    """The file cannot be used; the text says where, why, and what to do. Nothing was changed."""

    def __init__(self, problems: list[tuple[str, str]], text: str = "") -> None:
        self.problems = problems
        super().__init__("\n".join(f"{place(text, path)}: {why}" for path, why in problems))


def read(raw: bytes) -> Plan:
    """Read a plan, and check what can be told from the file alone; raises BadPlan."""
    if len(raw) > FILE_BYTES_MAX:
        raise BadPlan([("$", f"the file is larger than {FILE_BYTES_MAX // 1024} KiB; split the campaign")])
    try:
        text = raw.decode("utf-8")
        plan = msgspec.toml.decode(text, type=Plan)
    except UnicodeDecodeError as error:
        raise BadPlan([("$", f"it is not UTF-8 (byte {error.start}); save it as UTF-8")]) from None
    except msgspec.ValidationError as error:
        why, _, path = str(error).partition(" - at ")
        raise BadPlan([(path.strip("`") or "$", f"{why}; put that right")], text) from None
    except msgspec.DecodeError as error:
        raise BadPlan([("$", f"it is not TOML: {error}")], text) from None
    problems = list(_problems(plan))
    if problems:
        raise BadPlan(problems, text)
    return plan


def _problems(plan: Plan) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if plan.last_day < plan.first_day:
        found.append(("$.last_day", f"it is before first_day ({plan.first_day}); swap them"))
    for path, texts in _texts(plan):
        if unknown := set(texts) - set(LANGUAGES):
            found.append((path, f"{', '.join(sorted(unknown))} is no language here; use {' and '.join(LANGUAGES)}"))
        elif not all(texts.get(language, "").strip() for language in LANGUAGES):
            found.append((path, f"write it in {' and '.join(LANGUAGES)}"))
    named: set[str] = set()
    for n, drop in enumerate(plan.drop):
        if drop.slug in named:
            found.append((f"$.drop[{n}].slug", f"{drop.slug} is there twice; a drop's slug is its address"))
        named.add(drop.slug)
        found += _foreign(plan, f"$.drop[{n}].market", drop.market)
        for key in ("opens", "closes"):
            at = getattr(drop, key)
            if at is not None and at.tzinfo is not None:
                found.append((f"$.drop[{n}].{key}", "give the market's own time, without an offset or Z"))
        skus = [item.sku for item in drop.item]
        found += [
            (f"$.drop[{n}].item[{i}].sku", f"{sku} is there twice; add up its units")
            for i, sku in enumerate(skus) if sku in skus[:i]
        ]  # fmt: skip
    for n, price in enumerate(plan.price):
        found += _foreign(plan, f"$.price[{n}].market", price.market)
    slugs = [message.slug for message in plan.message]
    for n, message in enumerate(plan.message):
        if message.slug in slugs[:n]:
            found.append((f"$.message[{n}].slug", f"{message.slug} is there twice; give it another name"))
        if message.last_day < message.first_day:
            found.append((f"$.message[{n}].last_day", "it is before first_day; swap them"))
    return found


def _foreign(plan: Plan, path: str, market: str) -> list[tuple[str, str]]:
    return [] if market in plan.markets else [(path, f"{market} is not among the campaign's markets; add it there")]


def _texts(plan: Plan) -> list[tuple[str, Texts]]:
    found = [("$.name", plan.name), ("$.line", plan.line)]
    for n, drop in enumerate(plan.drop):
        found += [(f"$.drop[{n}].name", drop.name), (f"$.drop[{n}].line", drop.line)]
    for n, message in enumerate(plan.message):
        found += [(f"$.message[{n}].title", message.title), (f"$.message[{n}].text", message.text)]
    return found + [(f"$.before[{n}].scope", known.scope) for n, known in enumerate(plan.before)]


def place(text: str, path: str) -> str:
    """Say where in the file a path such as `$.drop[1].item[0].units` is: `line 42, drop 2, item 1, units`."""
    lines = text.splitlines()
    at, table, words = 0, "", []
    last = None
    for name, number in re.findall(r"\.(\w+)(?:\[(\d+)\])?", path):
        words.append(f"{name} {int(number) + 1}" if number else name)
        if number:
            table = f"{table}.{name}" if table else name
            headers = [n for n in range(at, len(lines)) if lines[n].strip().startswith(f"[[{table}]]")]
            at = headers[int(number)] + 1 if int(number) < len(headers) else at
            last = at - 1 if headers else last
        else:
            last = next((n for n in range(at, len(lines)) if re.match(rf"\s*{name}\s*=", lines[n])), last)
    where = [f"line {last + 1}"] if last is not None else []
    return ", ".join(where + words) or "the file"
