"""Units of measure as the reader writes them."""

from django.utils.translation import pgettext_lazy

# Units that are words in some language; the rest are symbols, the same everywhere.
UNITS = {
    "in": pgettext_lazy("unit", "in"),
    "days": pgettext_lazy("unit", "days"),
    "years": pgettext_lazy("unit", "years"),
    "min": pgettext_lazy("unit", "min"),
    "h": pgettext_lazy("unit", "h"),
    "/min": pgettext_lazy("unit", "/min"),
    "MP": pgettext_lazy("unit", "MP"),
}


def unit_in_words(unit: str) -> str:
    """Return a specification's unit in the reader's language."""
    return str(UNITS.get(unit, unit))
