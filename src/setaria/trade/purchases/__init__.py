"""A whole purchase: what a buyer agreed to, from its quote to the door.

Owns no table. `buy.buy` puts in one order what every channel that sells by quotes must do: quote again, set aside what
is paid with, place, give back what was not used. `finish.finish` is what follows.
"""
