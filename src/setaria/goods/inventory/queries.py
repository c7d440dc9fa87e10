"""How many there are. Reads only."""

from collections.abc import Iterable

from setaria.kernel.arrays import int4s
from setaria.kernel.questions import Question, ask

_FREE = """
    SELECT variant_id, on_hand - held FROM inventory_account
    WHERE location_id = %(location)s AND variant_id = ANY (%(variants)s)
"""

_FREE_OF_PRODUCTS = """
    SELECT account.variant_id, account.on_hand - account.held FROM inventory_account AS account
    JOIN catalog_variant AS variant ON variant.id = account.variant_id
    WHERE account.location_id = %(location)s AND variant.product_id = ANY (%(products)s)
"""


def free_units(variant_ids: Iterable[int], location_id: int) -> dict[int, int]:
    """Return the units of each variant at a location that nobody holds; variants never stocked are left out."""
    [found] = ask(free(variant_ids, location_id))
    return dict(found)


def free(variant_ids: Iterable[int], location_id: int) -> Question:
    """As `free_units`, to be asked together with what else is asked: variant and units a row."""
    return Question(_FREE, {"location": location_id, "variants": int4s(list(variant_ids))})


def free_of_products(product_ids: Iterable[int], location_id: int) -> Question:
    """Ask for the free units of every variant of these products, before anybody knows which variants they have."""
    return Question(_FREE_OF_PRODUCTS, {"location": location_id, "products": int4s(list(product_ids))})
