"""A payment provider of our own that behaves as real ones do: it answers later, twice, out of order, or wrongly.

For trying out and for rehearsals; `setaria check` refuses it where real money is taken. This folder can be
deleted whole.
"""
