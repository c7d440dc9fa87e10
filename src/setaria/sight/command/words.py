"""What the command centre's script says, in the reader's language."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """Return the words by the names that the state uses."""
    return {
        "good": _("All is well"),
        "watch": _("Keep an eye on it"),
        "bad": _("Act now"),
        "lost": _("As of %(time)s, reconnecting"),
        "signIn": _("As of %(time)s. Sign in again to go on."),
        "web": _("web server"),
        "worker": _("worker"),
        "silentFor": _("silent for %(seconds)s s"),
        "upFor": _("up for %(time)s"),
        "missing": _("none of these lives"),
        "noRefusals": _("Nothing was refused yet"),
        "nobody": _("by itself"),
        "of": _("%(value)s of %(all)s"),
        "note": _("Note"),
        "warning": _("Warning"),
        "failure": _("Failure"),
        "waiting at the door": _("waiting at the door"),
        "time for a batch": _("time for a batch"),
        "orders waiting for payment": _("orders waiting for payment"),
        "orders past their time to pay": _("orders past their time to pay"),
        "the sweeper is behind by": _("the sweeper is behind by"),
        "messages that are due": _("messages that are due"),
        "database connections": _("database connections"),
        "waiting for a lock": _("waiting for a lock"),
        "pages that failed": _("pages that failed"),
        "requests": _("requests"),
        "orders": _("orders"),
        "messages": _("messages"),
        "connections": _("connections"),
    }
