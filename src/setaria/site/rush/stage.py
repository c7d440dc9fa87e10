"""Everything a rush needs in the database, made by the verbs that make it in earnest. Customers come in bulk."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from setaria.goods.catalog.models import Kind, Product, Variant
from setaria.goods.inventory import move
from setaria.goods.inventory.models import Location, Source
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.markets.models import Channel, Market
from setaria.people.members.models import Member
from setaria.site.rush.scenario import Scenario
from setaria.trade.drops.prepare import Item, prepare

OPEN_FOR = timedelta(hours=2)


class Stage(msgspec.Struct, frozen=True):
    """What was made, by its ids; variants and SKUs in the order of the scenario's items."""

    market_id: int
    market: str
    drop_id: int
    slug: str
    opens_at: datetime
    variant_ids: list[int]
    skus: list[str]
    customer_ids: list[int]
    currency: str


def add_customers(run: str, count: int) -> list[int]:
    """Add members who have no password and nothing but an address of their own; return their ids."""
    with connection.cursor() as cursor:
        instant, password = now(), make_password(None)
        with cursor.copy(
            "COPY members_member (password, is_superuser, email, name, is_active, is_staff, joined_at,"
            " fan_points, phone_verified) FROM STDIN"
        ) as copy:
            for number in range(count):
                copy.write_row((password, False, f"{run}-{number}@rush.invalid", "", True, False, instant, 0, False))
        cursor.execute("SELECT id FROM members_member WHERE email LIKE %s ORDER BY id", [f"{run}-%@rush.invalid"])
        return [row[0] for row in cursor.fetchall()]


def sign_in(members: list[int]) -> dict[int, str]:
    """Give members a session each, as if they had signed in; return the cookies' values."""
    found = {}
    for member in Member.objects.filter(pk__in=members):
        session = SessionStore()
        session[SESSION_KEY] = str(member.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = member.get_session_auth_hash()
        session.create()
        found[member.pk] = str(session.session_key)
    return found


def set_market(run: str) -> tuple[Channel, Location, Kind]:
    """Make a market of the run's own, in yuan, with a channel and the warehouse it sells from."""
    name = {"zh-hans": "演练", "en": "Rehearsal"}
    market = Market.objects.create(
        code=run, name=name, mode="sell", currency="CNY", language="zh-hans", time_zone="Asia/Shanghai"
    )
    channel = Channel.objects.create(code=f"{run}-web", name=name, market=market, kind="web")
    warehouse = Location.objects.create(code=f"{run}-warehouse", name=name, kind="warehouse", market=market)
    Source.objects.create(channel=channel, location=warehouse)
    kind = Kind.objects.create(slug=f"{run}-kind", name=name)
    return channel, warehouse, kind


def set_stage(scenario: Scenario, run: str, opens_in: timedelta) -> Stage:
    """Make market, products, stock, customers and the drop of a (scaled) scenario.

    `run` names this rehearsal and goes into every code, so that an instance can see several. The drop opens
    `opens_in` after everything is there.
    """
    channel, warehouse, kind = set_market(run)
    variants = [add_variant(kind, f"{run.upper()}-{item.sku}", item.name) for item in scenario.items]
    units = [move.Units(v.id, i.units) for v, i in zip(variants, scenario.items, strict=True)]
    move.receive(new_id(), warehouse.id, units, now=now())
    customers = add_customers(run, scenario.shoppers)
    begun = now()
    opens_at = begun + opens_in
    title = {"zh-hans": scenario.title, "en": scenario.title}
    drop = prepare(
        f"{run}-drop", name=title, line=title, channel=channel, opens_at=opens_at, closes_at=opens_at + OPEN_FOR,
        items=[Item(v.id, i.units, i.limit, i.price) for v, i in zip(variants, scenario.items, strict=True)],
        now=begun, payment_seconds=scenario.payment_seconds,
    )  # fmt: skip
    return Stage(
        market_id=channel.market_id, market=run, drop_id=drop.id, slug=drop.slug, opens_at=opens_at,
        variant_ids=[v.id for v in variants], skus=[v.sku for v in variants], customer_ids=customers,
        currency=channel.market.currency,
    )  # fmt: skip


def add_variant(kind: Kind, sku: str, name: dict[str, str]) -> Variant:
    """Make a product of the run's own with one variant."""
    product = Product.objects.create(
        slug=sku.lower(), kind=kind, maker="own", maker_name="Setaria", name=name, line=name, text=name
    )
    return Variant.objects.create(product=product, sku=sku, name=name)
