"""What a rehearsed pre-order needs in the database: a programme, units in the warehouse, customers."""

from __future__ import annotations

from datetime import timedelta

from setaria.goods.inventory import move
from setaria.goods.pricing.price import set_price
from setaria.kernel.clock import now
from setaria.kernel.ids import new_id
from setaria.site.rush.scenario import Scenario
from setaria.site.rush.stage import OPEN_FOR, Stage, add_customers, add_variant, set_market
from setaria.trade.admission.lanes import Lane
from setaria.trade.preorders.prepare import prepare


class ProgrammeStage(Stage, frozen=True):
    """A stage with a programme; `drop_id` is that of its drop."""

    programme_id: int


def set_stage(scenario: Scenario, run: str, opens_in: timedelta) -> ProgrammeStage:
    """Make market, product, stock, customers and the programme, which opens `opens_in` after all is there."""
    (item,) = scenario.items
    channel, warehouse, kind = set_market(run)
    variant = add_variant(kind, f"{run.upper()}-{item.sku}", item.name)
    move.receive(new_id(), warehouse.id, [move.Units(variant.id, item.units)], now=now())
    set_price(variant.id, channel.market_id, item.price, since=now(), now=now())
    customers = add_customers(run, scenario.shoppers)
    begun = now()
    opens_at = begun + opens_in
    title = {"zh-hans": scenario.title, "en": scenario.title}
    programme = prepare(
        f"{run}-first", name=title, line=title, channel=channel, variant=variant, amount=item.price,
        places_max=item.units, limit_per_customer=item.limit, lanes=[Lane("everyone", opens_at)],
        closes_at=opens_at + OPEN_FOR, ends_at=opens_at + OPEN_FOR, weeks=[], now=begun,
        balance_seconds=scenario.payment_seconds,
    )  # fmt: skip
    return ProgrammeStage(
        market_id=channel.market_id, market=run, drop_id=programme.drop_id, slug=programme.slug, opens_at=opens_at,
        variant_ids=[variant.id], skus=[variant.sku], customer_ids=customers,
        currency=channel.market.currency, programme_id=programme.id,
    )  # fmt: skip
