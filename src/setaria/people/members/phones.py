"""Telephone numbers: read as people of a country write them, kept as E.164, shown as they are written there."""

import phonenumbers


def normalised(text: str, country: str) -> str | None:
    """Return a number as E.164; one without a country code is of `country` (ISO 3166). None if it cannot exist."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown(phone: str, country: str = "") -> str:
    """Return a number as it is written in its own country, with the country code for readers of another."""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return phone
    home = phonenumbers.region_code_for_number(number) == country
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def example(country: str) -> str:
    """Return an example of a mobile number, as written in `country`; empty where none is known."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL) if number else ""
