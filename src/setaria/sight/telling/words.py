"""What is said about telling people, in the reader's language."""

from collections.abc import Collection
from datetime import datetime
from difflib import get_close_matches

from django.utils.translation import gettext as _

from setaria.people.notices.fill import TEXT_CHARS_MAX, Wrong
from setaria.people.notices.kinds import Topic
from setaria.people.notices.models import SUBJECT_CHARS_MAX, Bounce
from setaria.people.notices.wordings import Answer, Fault
from setaria.trade.announcements.models import Announcement
from setaria.trade.announcements.write import Refusal
from setaria.trade.news.happenings import Happening
from setaria.trade.webhooks.models import Delivery, Endpoint


def topic(value: str) -> str:
    """Name what messages are about."""
    return {
        Topic.ORDERS: _("Orders"),
        Topic.ASKED: _("What people asked to be told"),
        Topic.DROPS: _("Sales that open"),
        Topic.OFFERS: _("Offers and news"),
    }[Topic(value)]


def always_told(value: str) -> bool:
    """Whether nobody can refuse messages about it."""
    return Topic(value) in (Topic.ORDERS, Topic.ASKED)


def language(code: str) -> str:
    """Name a language in itself."""
    return {"zh-hans": "中文", "en": "English"}[code]


def channel(value: str) -> str:
    """Name a way to be told."""
    return {"email": _("Mail"), "push": _("On devices"), "sms": _("Text message")}[value]


def state(each: Announcement, at: datetime) -> tuple[str, str]:
    """Say where an announcement stands: the look of its tag, and the word."""
    if each.stopped_at is not None:
        return "bad", _("Stopped")
    if each.approved_at is None:
        return "gold", _("Waits for approval")
    if each.closed_at is not None:
        return "good", _("Told")
    return ("gold", _("Goes out")) if each.starts_at <= at else ("good", _("Approved"))


def not_announced(refusal: Refusal) -> str:
    """Return why an announcement was not written, approved or stopped."""
    return {
        Refusal.NOT_STAFF: _("Only staff may do this; nothing was changed."),
        Refusal.NO_SUCH: _("There is no such announcement; nothing was changed."),
        Refusal.CHANGED: _("Somebody has changed it meanwhile. Read it again; nothing was changed."),
        Refusal.APPROVED: _("It is approved and says what it says. Stop it and write another; nothing was changed."),
        Refusal.STOPPED: _("It was stopped; nothing was changed."),
        Refusal.SAME_PERSON: _("Who wrote it cannot approve it; ask somebody else. Nothing was changed."),
        Refusal.OVER: _("Its time is over; nothing was changed."),
        Refusal.NO_WORDS: _("Write title and text in each language it goes out in. Nothing was changed."),
        Refusal.TOO_LONG: _("Title or text is too long; nothing was changed."),
        Refusal.NO_CHANNEL: _("Choose by which ways it goes; nothing was changed."),
        Refusal.BAD_PATH: _("The page is a path of this store, such as /drops/night/. Nothing was changed."),
        Refusal.NO_TOPIC: _("Choose what it is about; nothing was changed."),
        Refusal.ENDS_BEFORE: _("It would end before it begins; nothing was changed."),
    }[refusal]


def bounce(kind: str) -> tuple[str, str]:
    """Say what came back: the look of its tag, and the word."""
    return ("bad", _("Complained")) if kind == Bounce.Kind.COMPLAINED else ("gold", _("Came back"))


def happening(kind: str) -> str:
    """Name what a webhook tells of."""
    return {
        Happening.PLACED: _("Order placed"),
        Happening.PROMISED: _("Order confirmed, to be paid at the door"),
        Happening.PAID: _("Order paid"),
        Happening.PAID_AT_DOOR: _("Order paid at the door"),
        Happening.EXPIRED: _("Order expired"),
        Happening.CANCELLED: _("Order cancelled"),
        Happening.REFUNDED: _("Money refunded"),
    }.get(Happening(kind), kind)


def hook_state(endpoint: Endpoint) -> tuple[str, str]:
    """Say how an endpoint stands: the look of its tag, and the word."""
    if endpoint.off_at is not None:
        return "bad", _("Off")
    return ("gold", _("Fails")) if endpoint.failures else ("good", _("On"))


def delivery(each: Delivery) -> tuple[str, str]:
    """Say how a delivery stands."""
    if each.done_at is not None:
        return "good", _("Arrived")
    if each.given_up_at is not None:
        return "bad", _("Given up")
    return "gold", _("Waits")


def span(name: str) -> str:
    """Name a span of time that is posted again."""
    return {
        "hour": _("of the last hour"),
        "day": _("of the last day"),
        "week": _("of the last week"),
        "all": _("of the last 30 days"),
    }[name]


def hook_refused(code: str) -> str:
    """Return why an endpoint was not added."""
    return {
        "NOT_STAFF": _("Only staff may do this; nothing was changed."),
        "BAD_URL": _("Write a full public address, such as https://erp.example.com/hooks. Nothing was added."),
        "BAD_KINDS": _("Choose what it hears of; nothing was added."),
        "FULL": _("There are as many as there may be; nothing was added."),
    }[code]


def refused(answer: Answer) -> str:
    """Return why words were not kept."""
    return {
        Answer.FAULTY: _("Not yet: see what is wrong below. Messages say what they said before."),
        Answer.CHANGED: _("Somebody has changed it meanwhile. Their words stand; yours are kept here, compare them."),
        Answer.NOT_STAFF: _("Only staff may do this; nothing was changed."),
        Answer.NO_SUCH_VERSION: _("There is no such version; nothing was changed."),
    }[answer]


def fault(found: Fault, names: Collection[str]) -> str:
    """Return what is wrong with a draft, where, and what to do."""
    where = _("Subject") if found.where == "subject" else _("Line %(line)d") % {"line": found.line}
    tag = "{{ " + found.name + " }}"
    values = {"tag": tag, "name": found.name, "max": SUBJECT_CHARS_MAX if found.where == "subject" else TEXT_CHARS_MAX}
    if found.why == "MISSING":
        return _("The text must tell %(tag)s somewhere: without it the message leads nowhere.") % values
    said = {
        Wrong.EMPTY: _("Nothing is written here."),
        Wrong.TOO_LONG: _("That is longer than %(max)d characters."),
        Wrong.UNKNOWN_NAME: _("This message does not know %(tag)s."),
        Wrong.STRAY_BRACES: _("“%(name)s” stands alone. A name is written {{ so }}, with two braces on each side."),
        Wrong.NOT_CLOSED: _("What begins with {{#%(name)s}} or {{^%(name)s}} has no {{/%(name)s}} behind it."),
        Wrong.NOT_OPEN: _("{{/%(name)s}} ends what did not begin, or something begun later is still open."),
        Wrong.TOO_DEEP: _("So many parts within each other are too many."),
    }[Wrong(found.why)] % values
    return f"{where}{_(': ')}{said}{_meant(found, names)}"


def _meant(found: Fault, names: Collection[str]) -> str:
    close = get_close_matches(found.name, names, 1) if found.why == Wrong.UNKNOWN_NAME else []
    return " " + _("Did you mean %(tag)s?") % {"tag": "{{ " + close[0] + " }}"} if close else ""
