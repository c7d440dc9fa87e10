"""A campaign to try out on: eight days ahead, two things in one drop, a message; and the people it takes."""

from datetime import timedelta

import pytest

from setaria.people.members.models import Member
from setaria.trade.campaigns import approve, check, messages, plan, plan_file
from setaria.trade.campaigns.answers import Done
from setaria.trade.campaigns.models import Campaign, Message
from tests.world import DAY, World

FILE = """
slug = "singles-day"
series = "singles-day"
name = { zh-hans = "双十一", en = "Singles' Day" }
line = { zh-hans = "零点开始", en = "From midnight" }
first_day = %(day)s
last_day = %(day)s
markets = ["cn", "us"]

[expect]
orders_per_second = 2000

[[drop]]
slug = "night"
market = "cn"
name = { zh-hans = "夜", en = "The night" }
line = { zh-hans = "夜", en = "The night" }
payment_seconds = 600

[[drop.item]]
sku = "BAND"
units = 30
limit = 2
price = 8000

[[drop.item]]
sku = "PHONE"
units = 5

[[price]]
market = "cn"
sku = "PEN"
price = 500

[[message]]
slug = "pledge"
title = { zh-hans = "同价", en = "One price" }
text = { zh-hans = "各处同价。", en = "The same price everywhere." }
first_day = %(before)s
last_day = %(day)s
"""


class Bureau:
    """A world, two members of staff, and the way a campaign takes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.writer, self.second = (Member.objects.get(pk=world.member(is_staff=True)) for _ in range(2))
        self.fan = Member.objects.get(pk=world.member())
        self.band, self.phone = world.thing("band", price=10000, stock=100), world.thing("phone", price=90000, stock=9)
        self.pen = world.thing("pen", price=900, stock=9)
        world.later(10 * DAY)
        self.day = (world.now + 8 * DAY).date()

    def file(self, **replaced: str) -> str:
        text = FILE % {"day": self.day, "before": self.day - timedelta(days=3)}
        for old, new in replaced.items():
            assert old in text or " " in old, old
            text = text.replace(old, new)
        return text

    def planned(self, text: str = "", by: Member | None = None) -> object:
        return plan.plan(plan_file.read((text or self.file()).encode()), by=by or self.writer, now=self.world.now)

    def checked(self) -> object:
        return check.check("singles-day", by=self.writer, now=self.world.now)

    def pledge(self, by: Member | None = None) -> object:
        newest = Message.objects.order_by("-version").first()
        return messages.approve(newest.pk, by=by or self.second, now=self.world.now)

    def rehearsed(self) -> object:
        return check.note_drill(
            "singles-day", self.campaign.revision, passed=True, found={}, by=self.writer, now=self.world.now
        )

    def approved(self, by: Member | None = None) -> object:
        return approve.approve("singles-day", by=by or self.second, now=self.world.now)

    def all_the_way(self) -> Campaign:
        self.planned()
        self.pledge()
        self.checked()
        self.rehearsed()
        assert isinstance(self.approved(), Done)
        return self.campaign

    @property
    def campaign(self) -> Campaign:
        return Campaign.objects.get(slug="singles-day")


def held(world: World) -> Campaign:
    """An approved campaign without drops, eight days ahead: only days, a message, two signatures."""
    writer, second = (Member.objects.get(pk=world.member(is_staff=True)) for _ in range(2))
    day = (world.now + 8 * DAY).date()
    head, rest = (FILE % {"day": day, "before": day}).split("[[drop]]")
    plan.plan(plan_file.read((head + "[[message]]" + rest.split("[[message]]")[1]).encode()), by=writer, now=world.now)
    messages.approve(Message.objects.get().pk, by=second, now=world.now)
    check.note_drill("singles-day", 1, passed=True, found={}, by=writer, now=world.now)
    approve.approve("singles-day", by=second, now=world.now)
    return Campaign.objects.get(status=4)


@pytest.fixture
def bureau(world: World) -> Bureau:
    return Bureau(world)
