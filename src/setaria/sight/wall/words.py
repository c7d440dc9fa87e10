"""What the wall's scripts say, in the reader's language."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Return the sentences, with %(named)s holes that the scripts fill in."""
    return {
        "day": _("Today"),
        "since": _("since %(time)s"),
        "waiting": _("Waiting for the first figure"),
        "live": _("Live"),
        "lost": _("As of %(time)s, reconnecting"),
        "signIn": _("As of %(time)s. Sign in again to go on."),
        "over": _("Over. Closed at %(time)s"),
        "next": _("%(name)s opens in %(time)s"),
        "scope": _("paid, %(market)s, all channels, since %(time)s"),
        "scopeOver": _("paid, %(market)s, all channels, %(time)s to %(end)s"),
        "promised": _("besides, to be paid at the door: %(amount)s"),
        "toBeat": _("to beat: %(time)s"),
        "record": _("record: %(time)s"),
        "ahead": _("%(time)s ahead of the record"),
        "behind": _("%(time)s behind the record"),
        "even": _("level with the record"),
        "nothing": _("Nothing paid for yet"),
        "replay": _("Replay, %(speed)s×"),
        "paused": _("Replay, paused"),
        "replayScope": _("%(date)s; counted by the minute, drawn evenly in between"),
        "times": _("%(times)s×"),
        "timesOf": _("the paid amount of %(name)s at this minute (%(amount)s)"),
        "lastCurve": _("%(name)s: %(amount)s"),
        "thisCurve": _("now"),
        "rise": _("up %(places)s"),
        "fall": _("down %(places)s"),
        "new": _("new"),
        "steady": _("unchanged"),
        "movement": _("units paid; places against %(minutes)s min ago"),
        "order": _("order …%(order)s"),
        "opened": _("opened %(time)s ago"),
        "orders": _("%(count)s orders"),
        "units": _("%(count)s units"),
        "known": _("%(count)s of %(all)s paid orders say where they go"),
        "play": _("Play"),
        "pause": _("Pause"),
    }
