"""How money and instants are written, by the reader's language: the same on pages and in messages."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, get_timezone_location, get_timezone_name
from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol

AMOUNT_LIMIT = 10**15  # minor units
FORMS = {
    "zh": {"date": "y年M月d日", "time": "HH:mm", "short": "M月d日 HH:mm", "full": "y年M月d日 HH:mm"},
    "en": {"date": "d MMM y", "time": "HH:mm", "short": "d MMM, HH:mm", "full": "d MMM y, HH:mm"},
}


def money_parts(amount: int, currency: str, language: str) -> tuple[str, str]:
    """Return sign and digits of an amount of minor units.

    Whole amounts go without decimals (¥1,999); Chinese readers are spared a trailing zero (¥59.9).
    """
    places = get_currency_precision(currency)
    value = Decimal(amount).scaleb(-places)
    least = 0 if value == value.to_integral_value() else places
    if language.startswith("zh") and least:
        least = 1
    pattern = "#,##0" + ("." + "0" * least + "#" * (places - least) if places else "")
    locale = _number_locale(language, currency)
    pattern = "#,##,##0" + pattern[5:] if locale.territory == "IN" else pattern
    return _sign(currency), format_decimal(value, format=pattern, locale=locale)


def minor_of(written: str, currency: str) -> int | None:
    """Read an amount as people write it, such as 1,999.50, as minor units; None for what is no amount of the currency."""
    try:
        value = Decimal(written.strip().replace(",", "")).scaleb(get_currency_precision(currency))
    except InvalidOperation:
        return None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) >= AMOUNT_LIMIT:
        return None
    return int(value)


def percent(basis_points: int) -> str:
    """Write basis points as per cent, without the sign: 1300 is 13, 825 is 8.25."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


@lru_cache(maxsize=256)
def _number_locale(language: str, currency: str) -> Locale:
    """The reader's language as written where the currency is used: its first two letters are the country."""
    base = locale_of(language)
    try:
        return Locale.parse(f"{base.language}_{currency[:2]}")
    except (UnknownLocaleError, ValueError):
        return base


@lru_cache(maxsize=64)
def _sign(currency: str) -> str:
    """The shortest sign any of our languages has: a page has one currency, so "CN¥" would only be noise."""
    return min((get_currency_symbol(currency, locale) for locale in ("zh_Hans", "en")), key=len)


@lru_cache(maxsize=16)
def locale_of(language: str) -> Locale:
    """Return Babel's locale of a language code; English for one it does not know."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def moment_in(local: datetime, form: str, language: str) -> str:
    """Write an instant in its own time zone; form is date, time, short, full or zone (only the zone's name)."""
    locale = locale_of(language)
    if form == "zone":
        name = get_timezone_name(local, locale=locale)
        # Some zones have a name under an older spelling only (Asia/Kolkata); then by country: "India Time".
        return get_timezone_location(local, locale=locale) if name.startswith("GMT+") else name
    return format_datetime(local, FORMS["zh" if locale.language == "zh" else "en"][form], locale=locale)
