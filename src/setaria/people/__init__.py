"""Who buys. Floor above markets, below goods."""
