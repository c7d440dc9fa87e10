from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.notices.receiver import Receiver, receiving

# A key that nobody uses: 32 bytes as base64url.
PUSH_KEY = "Zm9ybWFsbHktdGhpcy1pcy1ub3QtYS1zZWNyZXQtISE"


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    """A receiver that may be asked, and a push key."""
    settings.OUTBOUND_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.PUSH_KEY = PUSH_KEY
    with receiving() as found:
        yield found
