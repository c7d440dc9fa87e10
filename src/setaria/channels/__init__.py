"""Where things are sold. Every channel's orders go through `trade.orders.place`."""
