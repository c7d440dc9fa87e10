"""How many there are. Reads only."""

from collections.abc import Iterable

from django.db import connection

# Every page of the store asks this: putting it together anew each time took longer than answering it.
_FREE = "SELECT variant_id, on_hand - held FROM inventory_account WHERE location_id = %s AND variant_id = ANY (%s)"


def free_units(variant_ids: Iterable[int], location_id: int) -> dict[int, int]:
    """Return the units of each variant at a location that nobody holds; variants never stocked are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [location_id, list(variant_ids)])
        return dict(cursor.fetchall())
