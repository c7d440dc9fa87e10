"""What is said about telling people, in the reader's language."""

from collections.abc import Collection
from difflib import get_close_matches

from django.utils.translation import gettext as _

from setaria.people.notices.fill import TEXT_CHARS_MAX, Wrong
from setaria.people.notices.kinds import Topic
from setaria.people.notices.models import SUBJECT_CHARS_MAX
from setaria.people.notices.wordings import Answer, Fault


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
