"""Tax within a price; pure."""

BASIS = 10_000


def tax_within(amount: int, rate_bp: int) -> int:
    """Return the tax contained in `amount` (minor units) at `rate_bp` (basis points: 1300 is 13%).

    Rounded to the nearest minor unit, halves to the even one, a line at a time: so an order's tax is the sum of its
    lines', and a line returned gives back what it was taxed (`record` does the same in SQL).
    """
    share, rest = divmod(amount * rate_bp, BASIS + rate_bp)
    twice = 2 * rest
    if twice > BASIS + rate_bp or (twice == BASIS + rate_bp and share % 2):
        share += 1
    return share
