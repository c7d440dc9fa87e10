"""Drops: what runs and what comes, and leave to order in one. The order itself goes to the gate."""

from datetime import datetime

from django.conf import settings

from setaria.channels.api.asked import Asked
from setaria.channels.api.refusals import No
from setaria.channels.api.sales import (
    DropItemOut,
    DropOut,
    DropsOut,
    DropWholeOut,
    PassIn,
    PassOut,
    RoomOut,
    WorkOut,
)
from setaria.channels.storefront import coming_in, queries
from setaria.channels.storefront.drop import Offer, name_of, offers_of, state_of
from setaria.kernel.texts import text_in
from setaria.people.members.models import Member
from setaria.trade.admission.admit import NotAdmitted, admit
from setaria.trade.drops.models import Drop
from setaria.trade.guard import meet
from setaria.trade.queues import tickets


def listing(asked: Asked) -> DropsOut:
    """Return the drops of this store that run or come."""
    return DropsOut(
        drops=[
            DropOut(
                slug=drop.slug, name=text_in(drop.name), line=text_in(drop.line), admission=drop.admission,  # type: ignore[arg-type]
                opens_at=drop.opens_at, closes_at=drop.closes_at,
            )
            for drop in queries.drops_ahead(asked.shelf)
        ]
    )  # fmt: skip


def show(asked: Asked, slug: str) -> DropWholeOut | No:
    """Return a drop as it stands for whoever asks."""
    drop, at = _drop(asked, slug), asked.now
    if drop is None:
        return No(code="NOT_FOUND")
    member = _member(asked)
    panel = coming_in.panel(drop, member, at)
    offers = offers_of(drop, asked.member_id, at, only=panel.only_variant if panel else None)
    return DropWholeOut(
        slug=drop.slug, name=text_in(drop.name), line=text_in(drop.line), admission=drop.admission,  # type: ignore[arg-type]
        state=state_of(drop, offers, at), opens_at=drop.opens_at, closes_at=drop.closes_at,  # type: ignore[arg-type]
        currency=asked.market.currency, items=[_item(offer) for offer in offers],
        may_order=member is not None and asked.market.sells and (panel is None or panel.may_order),
        orders_url=_orders_url(asked, drop), state_url=f"{asked.origin}/rush/{drop.slug}",
        room=_room(asked, drop, member, at),
    )  # fmt: skip


def leave(asked: Asked, slug: str, wanted: PassIn) -> PassOut | No:
    """Give a member leave to order: a pass, or first the work that a drop asks of everybody when it is crowded."""
    member, drop = _member(asked), _drop(asked, slug)
    if member is None:
        return No(code="SIGN_IN")
    if drop is None or drop.finished_at is not None or drop.closes_at <= asked.now:
        return No(code="NOT_FOUND")
    url = _orders_url(asked, drop)
    if (policy := getattr(drop, "guard_policy", None)) is not None:
        met = meet.meet(policy, member, asked.comes_from(drop.pk), wanted.proof, now=asked.now)
        if isinstance(met, meet.Work):
            return PassOut(orders_url=url, work=WorkOut(challenge=met.challenge, hard=met.hard, rule=met.rule))
        if met is not None:
            return No(code=met.code, retry_seconds=met.retry_seconds)
    answer = admit(drop, member, asked.now)
    return No(code=answer.code) if isinstance(answer, NotAdmitted) else PassOut(orders_url=url, leave=answer)


def _drop(asked: Asked, slug: str) -> Drop | None:
    drops = Drop.objects.exclude(admission=Drop.Admission.PLACES).select_related("channel__market", "guard_policy")
    return drops.filter(slug=slug.replace("\x00", ""), channel__market=asked.market).first()


def _member(asked: Asked) -> Member | None:
    return Member.objects.filter(pk=asked.member_id).first() if asked.member_id is not None else None


def _item(offer: Offer) -> DropItemOut:
    return DropItemOut(
        sku=offer.variant.sku, slug=offer.variant.product.slug, name=name_of(offer.variant), limit=offer.limit,
        left_to_you=offer.left, price=offer.price, sold_out=offer.sold_out,
    )  # fmt: skip


def _orders_url(asked: Asked, drop: Drop) -> str:
    return f"{asked.origin}/rush/{drop.slug}/orders"


def _room(asked: Asked, drop: Drop, member: Member | None, at: datetime) -> RoomOut | None:
    if drop.admission != Drop.Admission.QUEUE or member is None:
        return None
    ticket = tickets.issue(tickets.key_from(settings.SECRET_KEY), member.pk, drop.pk, at)
    return RoomOut(url=f"{asked.origin}/rush/{drop.slug}/room", ticket=ticket)
