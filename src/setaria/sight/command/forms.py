"""What the people of the night fill in. Times are the reader's market's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from setaria.sight.command.incidents import TEXT_CHARS_MAX
from setaria.sight.command.models import Incident


def _time(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))


class IncidentForm(forms.Form):
    """An entry for the log."""

    text = forms.CharField(label=_("What happened, or what was done"), max_length=TEXT_CHARS_MAX)
    level = forms.ChoiceField(
        label=_("How grave"),
        choices=[(Incident.Level.NOTE, _("Note")), (Incident.Level.WARNING, _("Warning")),
                 (Incident.Level.FAILURE, _("Failure"))],
    )  # fmt: skip


class ShiftForm(forms.Form):
    """Somebody's turn."""

    who = forms.CharField(label=_("Who"), max_length=80)
    duty = forms.CharField(label=_("For what"), max_length=80)
    begins_at = _time(_("From"))
    ends_at = _time(_("Until"))
