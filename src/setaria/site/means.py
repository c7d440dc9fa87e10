"""Who takes money, from the environment: `stripe alipay@cn wechat@cn cash@in+cn`."""

import re

_NAMED = re.compile(r"([a-z][a-z0-9]{0,19})(?:@([a-z0-9-]+(?:\+[a-z0-9-]+)*))?", re.ASCII)


def payment_providers(written: str) -> list[tuple[str, frozenset[str]]]:
    """Read providers and the codes of their markets (none: all), in order; raises ValueError for anything else."""
    found = []
    for part in written.replace(",", " ").split():
        named = _NAMED.fullmatch(part)
        if named is None:
            raise ValueError(f"SETARIA_PAYMENTS names providers as in `stripe alipay@cn cash@cn+in`, not {part!r}.")
        found.append((named[1], frozenset(named[2].split("+")) if named[2] else frozenset()))
    return found
