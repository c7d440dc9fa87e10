"""What people do not want to be told, by topic and channel, and the sealed links that say so without signing in.

Of orders and of what one asked for one is always told: neither can be refused.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from setaria.kernel import seals
from setaria.kernel.seals import BadSeal, Seal
from setaria.people.members.guests import guests_of
from setaria.people.members.models import Guest, Member
from setaria.people.notices.bounces import bounced
from setaria.people.notices.kinds import REFUSABLE, Topic, all_kinds
from setaria.people.notices.models import Message, Refusal

CHANNELS = ("email", "push", "sms")  # that topics are refused by
PATH = "/stop/{}/"
Choice = tuple[str, str]  # topic, channel
ALL: tuple[Choice, ...] = tuple((topic.value, channel) for topic in REFUSABLE for channel in CHANNELS)

_SEAL = Seal(">QB")  # whose, and the number of the choice
# The numbers stand in messages that went out: never another meaning for one.
_NUMBERS: dict[Choice, int] = {
    ("drops", "email"): 1, ("drops", "push"): 2, ("drops", "sms"): 3,
    ("offers", "email"): 4, ("offers", "push"): 5, ("offers", "sms"): 6,
}  # fmt: skip


def refused_by(member_id: int) -> set[Choice]:
    """Return what a person refused."""
    return set(Refusal.objects.filter(member=member_id).values_list("topic", "channel"))


@transaction.atomic
def choose(member_id: int, wanted: Collection[Choice], *, now: datetime) -> None:
    """Let a person be told of these topics by these channels, and of no other that may be refused.

    Whoever the same contact belongs to is the same person: who bought as a guest before need not say it twice.
    """
    people = _same(member_id)
    for topic, channel in wanted:
        Refusal.objects.filter(member__in=people, topic=topic, channel=channel).delete()
    _refuse(people, [choice for choice in ALL if choice not in wanted], now)


@transaction.atomic
def refuse(member_id: int, choices: Collection[Choice], *, now: datetime) -> None:
    """Tell a person no more of these; again changes nothing."""
    _refuse(_same(member_id), choices, now)


def _refuse(people: Sequence[int], choices: Collection[Choice], now: datetime) -> None:
    Refusal.objects.bulk_create(
        [Refusal(member_id=one, topic=topic, channel=channel, at=now) for one in people for topic, channel in choices],
        ignore_conflicts=True,
    )


def _same(member_id: int) -> list[int]:
    """Return the ids under which we know this person: the account, and the guests whose contact it has proven."""
    member = Member.objects.get(pk=member_id)
    guest = Guest.objects.filter(pk=member_id).first()
    if guest is None:
        return [member_id, *guests_of(member)]
    owners = EmailAddress.objects.filter(email=guest.contact, verified=True).values_list("user_id", flat=True)
    return [member_id, *owners]


def stop_path(member_id: int, topic: str, channel: str) -> str:
    """Return the address that stops a topic by a channel for a person, for a message to them."""
    return PATH.format(_SEAL.close(_key(), member_id, _NUMBERS[topic, channel]))


def opened(token: str) -> tuple[int, Choice] | None:
    """Return whom and what a link is about; None for one that is not ours, or whose person is not known any more."""
    try:
        member_id, number = _SEAL.open(_key(), token)
    except BadSeal:
        return None
    choice = next((choice for choice, its in _NUMBERS.items() if its == number), None)
    if choice is None or not Member.objects.filter(pk=member_id, erased_at=None).exists():
        return None
    return member_id, choice


def unwanted(messages: Sequence[Message]) -> set[object]:
    """Return which messages their recipients refused meanwhile, or cannot get; two queries where any may be, else none."""
    topics = {message.pk: topic for message in messages if (topic := topic_of(message.template)) in REFUSABLE}
    asked = [message for message in messages if message.pk in topics]
    if not asked:
        return set()
    people = {message.member_id for message in asked}
    refused = set(Refusal.objects.filter(member__in=people).values_list("member_id", "topic", "channel"))
    dead = bounced([message.recipient for message in asked if message.channel == "email"])
    return {
        m.pk for m in asked
        if (m.member_id, str(topics[m.pk]), m.channel) in refused or (m.channel == "email" and m.recipient.lower() in dead)
    }  # fmt: skip


def topic_of(template: str) -> Topic | None:
    """Return what messages of a template are about."""
    kind = all_kinds().get(template)
    return kind.topic if kind else None


def _key() -> bytes:
    return seals.key_from(settings.SECRET_KEY, "setaria.preferences.v1")
