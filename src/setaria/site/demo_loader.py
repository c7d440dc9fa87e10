"""The demo brand: read from `site/demo/*.toml`, booked through the same verbs as real business. Runs once."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from django.db import transaction

from setaria.channels.storefront.models import Listed, Presence, Storefront
from setaria.goods.catalog.models import (
    Bundle,
    BundlePart,
    Companion,
    Kind,
    Option,
    OptionValue,
    Picture,
    Product,
    Variant,
)
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Location, Source
from setaria.goods.pricing.models import Price
from setaria.goods.search.refresh import REFRESH_PRODUCTS_MAX, refresh
from setaria.goods.search.teach import teach
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Address, Member
from setaria.site.staff import RIGHTS, permissions
from setaria.trade.admission.lanes import Lane
from setaria.trade.campaigns import plan_file
from setaria.trade.campaigns.plan import plan as plan_campaign
from setaria.trade.draws.announce import announce
from setaria.trade.drops.models import Drop
from setaria.trade.drops.prepare import Item, prepare
from setaria.trade.friendcodes.give import Gift, allow, give
from setaria.trade.invoices.models import Issuer
from setaria.trade.preorders.prepare import prepare as prepare_programme
from setaria.trade.promotions.models import Code, Promotion
from setaria.trade.queues.prepare import open_room
from setaria.trade.quotes.models import ShippingRate, TaxRate

WEB_STORE = {"zh-hans": "官网商城", "en": "Web store"}
DEMO = Path(__file__).parent / "demo"

# For trying out on one's own machine; `setaria check` calls them unsafe anywhere else.
ACCOUNTS = [
    ("fan@demo.example", "millet-and-rifles", "a fan who buys"),
    ("friend@demo.example", "millet-and-rifles", "a second fan"),
    ("staff@demo.example", "watch-the-wall", "staff, who may do everything"),
    ("signer@demo.example", "sign-it-second", "staff, for what takes a second signature"),
]
STAFF = frozenset({"staff@demo.example", "signer@demo.example"})

RUNNING_DROP_DAYS = 30
SOON = timedelta(minutes=5)
DRAW_CLOSES = timedelta(minutes=10)  # soon enough to see it drawn

CAMPAIGN_AHEAD = timedelta(days=45)  # so that nothing of the demo's other drops reaches into it

Toml = dict[str, Any]


def main() -> int:
    """Load the demo unless it is there already; return 0."""
    if Market.objects.exists():
        typer.echo("The demo brand is here already; nothing was changed.")
        return 0
    load(now())
    typer.echo("The demo brand is loaded. Accounts:")
    for email, password, who in ACCOUNTS:
        typer.echo(f"  {email}  {password}  ({who})")
    return 0


@transaction.atomic
def load(at: datetime) -> None:
    """Make markets, warehouses, products, prices, stock, drops and accounts, as of `at`; all or nothing."""
    brand = _read("brand.toml")
    markets = {entry["code"]: _market(entry, at) for entry in brand["market"]}
    warehouses = {entry["code"]: _warehouse(entry, markets) for entry in brand["warehouse"]}
    home = next(iter(warehouses.values()))
    load_kinds()
    _terms(brand, markets, at)
    _options()
    stock: dict[Location, list[move.Units]] = {}
    for file in sorted((DEMO / "products").rglob("*.toml")):
        for entry in _read(file)["product"]:
            _product(entry, markets, warehouses, home, stock, at)
    _together()
    teach((DEMO / "synonyms.txt").read_text(encoding="utf-8").splitlines())
    for entry in brand["storefront"]:
        _storefront(entry, markets)
    for location, units in stock.items():
        move.receive(new_id(), location.id, units, now=at)
    for entry in _read("drops.toml")["drop"]:
        _drop(entry, markets, at)
    for entry in _read("programmes.toml")["programme"]:
        _programme(entry, markets, at)
    _accounts()
    for file in sorted((DEMO / "campaigns").glob("*.toml")):
        _campaign(file, at)
    while refresh() == REFRESH_PRODUCTS_MAX:
        pass
    _codes(at)


def _read(name: str | Path) -> Toml:
    return tomllib.loads((DEMO / name).read_text(encoding="utf-8"))


def _texts(entry: Toml, key: str) -> dict[str, str]:
    return {"zh-hans": entry[f"{key}_zh"], "en": entry[f"{key}_en"]}


def _market(entry: Toml, at: datetime) -> Market:
    market = Market(
        code=entry["code"], name=_texts(entry, "name"), mode=entry["mode"], currency=entry["currency"],
        language=entry["language"], time_zone=entry["time_zone"], tax_rate_bp=entry.get("tax_rate_bp", 0),
        tax_inclusive=entry.get("tax_inclusive", True),
        buy_at=_texts(entry, "buy_at") if "buy_at_en" in entry else None,
    )  # fmt: skip
    market.full_clean()
    market.save()
    Channel.objects.create(code=_web(market), market=market, kind=Channel.Kind.WEB, name=WEB_STORE)
    if "seller" in entry:
        seller = {**entry["seller"], "when": Issuer.When[entry["seller"]["when"].upper()]}
        Issuer.objects.create(market=market, since=at, until=at, **seller)
    return market


def _terms(brand: Toml, markets: dict[str, Market], at: datetime) -> None:
    """Rates of tax by kind of product, what delivery costs, and what may be taken off by its code."""
    for entry in brand["market"]:
        for slug, rate in entry.get("tax_rates", {}).items():
            TaxRate.objects.create(market=markets[entry["code"]], kind=Kind.objects.get(slug=slug), rate_bp=rate)
    for position, entry in enumerate(brand["delivery"]):
        ShippingRate.objects.create(
            market=markets[entry["market"]], code=entry["code"], name=_texts(entry, "name"), amount=entry["amount"],
            free_from=entry.get("free_from"), position=position,
        )  # fmt: skip
    for entry in brand["promotion"]:
        made = Promotion.objects.create(
            market=markets[entry["market"]], name=_texts(entry, "name"), percent_bp=entry["percent_bp"],
            amount_max=entry.get("amount_max"), audience=entry["audience"], per_customer=entry.get("per_customer"),
            since=at, until=at + timedelta(days=365),
        )  # fmt: skip
        Code.objects.create(promotion=made, text=entry["code"])


def _web(market: Market) -> str:
    return f"{market.code}-web"


def _first_channel(market: Market) -> Channel:
    """The first storefront's: drops and programmes are its."""
    return market.channels.get(code=_web(market))


def _warehouse(entry: Toml, markets: dict[str, Market]) -> Location:
    market = markets[entry["market"]]
    location = Location.objects.create(
        code=entry["code"], name=_texts(entry, "name"), kind=Location.Kind.WAREHOUSE, market=market
    )
    Source.objects.create(channel=_first_channel(market), location=location)
    return location


def load_kinds() -> None:
    """Make the demo's kinds of product with the specifications they ask for."""
    for position, entry in enumerate(_read("kinds.toml")["kind"]):
        kind = Kind(
            slug=entry["slug"], name=_texts(entry, "name"), position=position,
            fields=[_field(field) for field in entry.get("field", [])],
        )  # fmt: skip
        kind.full_clean()
        kind.save()


def _options() -> None:
    for position, entry in enumerate(_read("options.toml")["option"]):
        option = Option.objects.create(key=entry["key"], name=_texts(entry, "name"), position=position)
        for place, given in enumerate(entry["value"]):
            value = OptionValue(
                option=option, value=given["value"], name=_texts(given, "name"), swatch=given.get("swatch", ""),
                position=place,
            )  # fmt: skip
            value.full_clean()
            value.save()


def _together() -> None:
    """What goes with what, and sets."""
    products = {product.slug: product for product in Product.objects.all()}
    variants = {variant.sku: variant for variant in Variant.objects.all()}
    file = _read("together.toml")
    for entry in file["companions"]:
        Companion.objects.bulk_create(
            Companion(product=products[entry["of"]], other=products[slug], position=position)
            for position, slug in enumerate(entry["with"])
        )
    for entry in file["set"]:
        bundle = Bundle.objects.create(slug=entry["slug"], name=_texts(entry, "name"), line=_texts(entry, "line"))
        BundlePart.objects.bulk_create(
            BundlePart(
                bundle=bundle, variant=variants[part["sku"]], quantity=part.get("quantity", 1), position=position
            )
            for position, part in enumerate(entry["parts"])
        )


def _field(entry: Toml) -> Toml:
    plain = {key: value for key, value in entry.items() if key not in ("name_zh", "name_en", "choices")}
    choices = [{"value": c["value"], "name": _texts(c, "name")} for c in entry.get("choices", [])]
    return {**plain, "name": _texts(entry, "name"), "choices": choices}


def _product(
    entry: Toml, markets: dict[str, Market], warehouses: dict[str, Location], home: Location,
    stock: dict[Location, list[move.Units]], at: datetime,
) -> None:  # fmt: skip
    product = Product(
        slug=entry["slug"], kind=Kind.objects.get(slug=entry["kind"]), maker=entry["maker"],
        maker_name=entry["maker_name"], name=_texts(entry, "name"), line=_texts(entry, "line"),
        text=_texts(entry, "text"), specification=entry.get("specification", {}), released=entry["released"],
    )  # fmt: skip
    product.full_clean()
    product.save()
    Picture.objects.create(product=product, path=f"demo/{entry['picture']}", alt=_texts(entry, "picture_alt"))
    for position, more in enumerate(entry.get("more_pictures", []), 1):
        Picture.objects.create(product=product, path=f"demo/{more['file']}", alt=_texts(more, "alt"), position=position)
    by_currency = {market.currency: market for market in markets.values() if market.sells}
    for position, given in enumerate(entry["variant"]):
        variant = Variant(
            product=product, sku=given["sku"], gtin=given["gtin"], name=_texts(given, "name"),
            options=given.get("options", {}), pack_units=given.get("pack_units", 1),
            net_quantity=given.get("net_quantity"), net_unit=given.get("net_unit", ""), position=position,
        )  # fmt: skip
        variant.full_clean()
        variant.save()
        Price.objects.bulk_create(
            Price(variant=variant, market=by_currency[currency], amount=amount, valid=(at, None))
            for currency, amount in given["prices"].items()
        )
        supplies = {home: given["stock"], **{warehouses[c]: n for c, n in given.get("stock_elsewhere", {}).items()}}
        for location, quantity in supplies.items():
            if quantity:
                stock.setdefault(location, []).append(move.Units(variant.id, quantity))


def _storefront(entry: Toml, markets: dict[str, Market]) -> None:
    """Open a storefront. What lies in its folder is sold there only; `also` are the first one's goods it shows too.

    It sells from the same warehouses as the first one, through channels of its own: one stock, and orders that know
    where they came from.
    """
    storefront = Storefront(
        code=entry["code"], name=_texts(entry, "name"), line=_texts(entry, "line"), path=entry.get("path", ""),
        assortment=entry["assortment"], theme=entry.get("theme", {}), mark=entry.get("mark", ""),
        position=Storefront.objects.count(),
    )  # fmt: skip
    storefront.full_clean()
    storefront.save()
    for code in entry.get("markets", []):
        channel = Channel.objects.create(
            code=f"{code}-{entry['code']}", market=markets[code], kind=Channel.Kind.WEB, name=_texts(entry, "name")
        )
        Presence.objects.create(channel=channel, storefront=storefront)
        for source in Source.objects.filter(channel=_first_channel(markets[code])):
            Source.objects.create(channel=channel, location=source.location)
    own = [p["slug"] for file in (DEMO / "products" / entry["code"]).glob("*.toml") for p in _read(file)["product"]]
    for slug in own + entry.get("also", []):
        Listed.objects.create(storefront=storefront, product=Product.objects.get(slug=slug))
    for slug in own:
        Listed.objects.create(storefront=Storefront.objects.get(code="setaria"), product=Product.objects.get(slug=slug))


def _drop(entry: Toml, markets: dict[str, Market], at: datetime) -> None:
    market = markets[entry["market"]]
    if entry["opens"] == "running":
        opens_at, closes_at = at, at + timedelta(days=RUNNING_DROP_DAYS)
    elif entry["opens"] == "soon":
        opens_at, closes_at = at + SOON, at + timedelta(days=RUNNING_DROP_DAYS)
    elif entry["opens"] == "drawn_soon":
        opens_at, closes_at = at + DRAW_CLOSES, at + timedelta(days=RUNNING_DROP_DAYS)
    else:
        local = at.astimezone(ZoneInfo(market.time_zone))
        opens_at = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        closes_at = opens_at + timedelta(days=1)
    skus = {variant.sku: variant for variant in Variant.objects.filter(sku__in=[i["sku"] for i in entry["item"]])}
    drop = prepare(
        entry["slug"], name=_texts(entry, "name"), line=_texts(entry, "line"), channel=_first_channel(market),
        opens_at=opens_at, closes_at=closes_at, payment_seconds=entry["payment_seconds"], now=at,
        admission=Drop.Admission(entry.get("admission", "open")),
        items=[
            Item(skus[i["sku"]].id, i["stock"], i["limit_per_customer"], i.get("price")) for i in entry["item"]
        ],
    )  # fmt: skip
    if drop.admission == Drop.Admission.QUEUE:
        open_room(drop.pk, offer_seconds=entry["offer_seconds"])
    if drop.admission == Drop.Admission.DRAW:
        announce(drop, opens_at=at, closes_at=opens_at, now=at)
    if drop.admission == Drop.Admission.CODE:
        allow(drop, codes_max=1_000, codes_per_member_max=entry["codes_each"])


def _codes(at: datetime) -> None:
    """Give the demo's fan codes for the drops that ask for one."""
    fan = Member.objects.get(email=ACCOUNTS[0][0])
    for drop in Drop.objects.filter(admission=Drop.Admission.CODE).select_related("code_allowance"):
        give(drop, [Gift(fan.pk, drop.code_allowance.codes_per_member_max)], now=at)


def _programme(entry: Toml, markets: dict[str, Market], at: datetime) -> None:
    market = markets[entry["market"]]
    variant = Variant.objects.get(sku=entry["sku"])
    today = at.astimezone(ZoneInfo(market.time_zone)).date()
    monday = today - timedelta(days=today.weekday())
    closes_at = at + timedelta(days=entry["days"])
    prepare_programme(
        entry["slug"], name=_texts(entry, "name"), line=_texts(entry, "line"), channel=_first_channel(market),
        variant=variant, amount=variant.prices.get(market=market).amount, places_max=entry["places"],
        lanes=[Lane("everyone", at)], closes_at=closes_at, ends_at=closes_at + timedelta(days=90), now=at,
        deposit_amount=entry["deposit"],
        weeks=[(w["first"], w["last"], monday + timedelta(weeks=w["weeks_ahead"])) for w in entry["week"]],
    )  # fmt: skip


def _campaign(file: Path, at: datetime) -> None:
    """Plan a campaign, and no more: approving one takes a second person. Its year becomes the next that fits."""
    raw = file.read_text(encoding="utf-8")
    written = plan_file.read(raw.encode())
    year = at.year if written.first_day.replace(year=at.year) > at.date() + CAMPAIGN_AHEAD else at.year + 1
    wanted = plan_file.read(raw.replace(str(written.first_day.year), str(year)).encode())
    plan_campaign(wanted, by=Member.objects.get(email="staff@demo.example"), now=at)


def _accounts() -> None:
    for email, password, _who in ACCOUNTS:
        staff = email in STAFF
        member = Member.objects.create_user(email, password, name="" if staff else "小米粒", is_staff=staff)
        if staff:
            member.user_permissions.add(*permissions(RIGHTS))
        else:
            Address.objects.create(
                member=member, recipient="小米粒", phone="+86 138 0000 0000", country="CN", region="北京市",
                city="北京市", street="海淀区清河中街 68 号", postcode="100085",
            )  # fmt: skip
