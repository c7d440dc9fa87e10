"""What staff type for an announcement, read into what the verbs take."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from setaria.kernel.texts import LANGUAGES, text_in
from setaria.markets.models import Market
from setaria.people.members.levels import LEVELS
from setaria.people.notices import preferences
from setaria.people.notices.kinds import REFUSABLE
from setaria.sight.telling import words
from setaria.trade.announcements.models import Announcement
from setaria.trade.announcements.write import PATH_CHARS_MAX, TEXT_CHARS_MAX, TITLE_CHARS_MAX, Wanted

LOCAL = "%Y-%m-%dT%H:%M"


class When(forms.DateTimeField):
    """An instant of the office's own time zone, by the browser's own control."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)

    def __init__(self, **how: Any) -> None:
        super().__init__(input_formats=[LOCAL, LOCAL + ":%S"], **how)


class AnnouncementForm(forms.Form):
    """An announcement: its words in each language, to whom, by which ways, when."""

    topic = forms.ChoiceField(label=_("About"))
    path = forms.CharField(label=_("The page it leads to"), max_length=PATH_CHARS_MAX, initial="/")
    market = forms.ChoiceField(label=_("Market"), required=False)
    language = forms.ChoiceField(label=_("Who reads"), required=False)
    points_min = forms.TypedChoiceField(label=_("Fan level, at least"), coerce=int)
    guests = forms.BooleanField(label=_("Also who paid an order without an account"), required=False)
    channels = forms.MultipleChoiceField(label=_("By"), widget=forms.CheckboxSelectMultiple, required=False)
    starts_at = When(label=_("Goes out from"))
    ends_at = When(label=_("Not after"), required=False)

    use_required_attribute = False  # the form says what is missing, in our words

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="%s", initial=initial)
        for language in LANGUAGES:
            name = words.language(language)
            attributes = {"lang": language}
            self.fields[f"title-{language}"] = forms.CharField(
                label=_("Title, %(language)s") % {"language": name}, max_length=TITLE_CHARS_MAX, required=False,
                widget=forms.TextInput(attributes),
            )  # fmt: skip
            self.fields[f"text-{language}"] = forms.CharField(
                label=_("Text, %(language)s") % {"language": name}, max_length=TEXT_CHARS_MAX, required=False,
                widget=forms.Textarea({**attributes, "rows": 6}),
            )  # fmt: skip
        markets = [(str(market.pk), text_in(market.name)) for market in Market.objects.order_by("code")]
        self._choose("topic", [(topic.value, words.topic(topic)) for topic in REFUSABLE])
        self._choose("market", [("", _("Everywhere")), *markets])
        self._choose("language", [("", _("Any of our languages")), *((one, words.language(one)) for one in LANGUAGES)])
        self._choose("points_min", [(level.points, level.name) for level in LEVELS])
        self._choose("channels", [(channel, words.channel(channel)) for channel in preferences.CHANNELS])

    def _choose(self, field: str, choices: list[Any]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]

    @property
    def in_languages(self) -> list[tuple[Any, Any]]:
        """Title and text of each language."""
        return [(self[f"title-{language}"], self[f"text-{language}"]) for language in LANGUAGES]

    def wanted(self) -> Wanted:
        """Return what was typed; for a valid form."""
        data = self.cleaned_data
        return Wanted(
            topic=data["topic"],
            title={language: data[f"title-{language}"] for language in LANGUAGES},
            text={language: data[f"text-{language}"].replace("\r\n", "\n") for language in LANGUAGES},
            channels=tuple(data["channels"]),
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            path=data["path"],
            market_id=int(data["market"]) if data["market"] else None,
            language=data["language"],
            points_min=data["points_min"],
            guests=data["guests"],
        )


def typed(announcement: Announcement) -> dict[str, Any]:
    """Return an announcement as its form shows it."""
    names = ("topic", "path", "language", "points_min", "guests", "channels", "starts_at", "ends_at")
    shown = {name: getattr(announcement, name) for name in names}
    for language in LANGUAGES:
        shown[f"title-{language}"] = announcement.title.get(language, "")
        shown[f"text-{language}"] = announcement.text.get(language, "")
    return {**shown, "market": str(announcement.market_id or "")}
