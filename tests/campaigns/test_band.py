"""The front page's word on a campaign: once approved, in its markets, in the wording somebody else approved."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from setaria.kernel import clock
from setaria.trade.campaigns import queries
from tests.campaigns.conftest import Bureau
from tests.world import DAY, World

QUERIES_MAX = 2


@pytest.fixture
def bureau(transactional_db: None) -> Bureau:
    return Bureau(World(clock.now()))


def front(client: Client) -> str:
    return client.get("/", headers={"accept-language": "en"}).content.decode()


def planned(bureau: Bureau) -> str:
    """A plan whose message is to be shown from the real yesterday on (the world is ahead of it)."""
    head, message = bureau.file().split("[[message]]")
    shown_from = str((clock.now() - DAY).date())
    old = message.split("first_day = ")[1].split()[0]
    return f"{head}[[message]]{message.replace(f'first_day = {old}', f'first_day = {shown_from}')}"


def test_it_waits_for_both_signatures(bureau: Bureau, client: Client) -> None:
    bureau.planned(planned(bureau))
    bureau.pledge()
    assert 'id="campaign"' not in front(client)
    bureau.checked()
    bureau.rehearsed()
    bureau.approved()
    page = front(client)
    assert 'id="campaign"' in page
    assert "各处同价。" in page or "The same price everywhere." in page
    # Another wording waits; the approved one stays.
    bureau.planned(planned(bureau).replace("The same price everywhere.", "Not yet.").replace("各处同价。", "等等。"))
    page = front(client)
    assert "Not yet." not in page
    assert "等等。" not in page


def test_it_costs_two_queries_and_ends_with_the_campaign(bureau: Bureau) -> None:
    campaign = bureau.all_the_way()
    with CaptureQueriesContext(connection) as asked:
        live = queries.live_in(bureau.world.cn, bureau.world.now)
    assert live is not None
    assert len(asked) <= QUERIES_MAX
    assert queries.live_in(bureau.world.cn, campaign.closes_at) is None
