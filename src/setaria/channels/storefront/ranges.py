"""A range of products as a listing goes by it: their columns and their orders, made when first asked for and then kept."""

from collections.abc import Sequence
from datetime import datetime

from setaria.channels.storefront.columns import Column, set_of
from setaria.channels.storefront.window import Seen, Stock, Window, next_stamp
from setaria.trade.bestsellers.add_up import units_sold

SPECIFICATION = "spec."  # what the names of a kind's own facets begin with
POPULAR_SECONDS = 60  # what sold is looked up again after it


class Range:
    """Products of a window in their first order (the best, or the newest, first); each has its place in it.

    Kept with its window, so that nothing it holds ever changes but what can be had.
    """

    def __init__(self, products: Sequence[Seen], window: Window) -> None:
        self.stamp = next_stamp()  # names these products, at these prices
        self.products, self._window = products, window
        self.everything = (1 << len(products)) - 1
        self._columns: dict[str, Column] = {}
        self._orders: dict[str, tuple[int, list[int]]] = {}
        self._in_stock = (0, 0)

    def column(self, name: str) -> Column:
        """Return what the products have of a facet: of `kind`, `maker`, `price`, or of a field of their specification."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = Column(self._values(name))
        return found

    def _values(self, name: str) -> Sequence[object]:
        match name:
            case "kind":
                return [seen.kind_id for seen in self.products]
            case "maker":
                return [seen.maker for seen in self.products]
            case "price":
                return [seen.price for seen in self.products]
        key = name.removeprefix(SPECIFICATION)
        return [seen.specification.get(key) for seen in self.products]

    def in_stock(self, stock: Stock) -> int:
        """Return the set of those that can be had."""
        stamp, found = self._in_stock
        if stamp != stock.stamp:
            found = set_of([place for place, seen in enumerate(self.products) if seen.id in stock.products])
            self._in_stock = stock.stamp, found
        return found

    def order(self, sort: str, now: datetime) -> Sequence[int]:
        """Return the places in the order of a sort; those without a price come last."""
        turn = int(now.timestamp()) // POPULAR_SECONDS if sort == "popular" else 0
        known = self._orders.get(sort)
        if known is None or known[0] != turn:
            known = self._orders[sort] = turn, self._sorted(sort, turn)
        return known[1]

    def _sorted(self, sort: str, turn: int) -> list[int]:
        """Sort; those that are alike stay as they were, but for prices, which go by key."""
        products, places = self.products, list(range(len(self.products)))
        if sort == "new":
            newest = self._window.places()
            places.sort(key=lambda place: newest[products[place].id])
        elif sort == "popular":
            sold = self._window.kept(("sold", turn), lambda: units_sold(self._window.market.pk))
            places.sort(key=lambda place: -sold.get(products[place].id, 0))
        elif sort in ("cheap", "dear"):
            sign = 1 if sort == "cheap" else -1
            priced = [(seen.price is None, sign * (seen.price or 0), seen.id) for seen in products]
            places.sort(key=priced.__getitem__)
        return places
