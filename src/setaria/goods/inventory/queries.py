"""How many there are. Reads only."""

from collections.abc import Iterable

from django.db.models import F

from setaria.goods.inventory.models import Account


def free_units(variant_ids: Iterable[int], location_id: int) -> dict[int, int]:
    """Return the units of each variant at a location that nobody holds; variants never stocked are left out."""
    rows = Account.objects.filter(location_id=location_id, variant_id__in=list(variant_ids))
    return dict(rows.values_list("variant_id", F("on_hand") - F("held")))
