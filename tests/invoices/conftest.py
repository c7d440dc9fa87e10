import pytest

from setaria.trade.invoices.models import Issuer
from tests.world import DAY, World


@pytest.fixture
def issuer(world: World) -> Issuer:
    """Who sells in cn, and invoices on demand."""
    return issuer_of(world)


def issuer_of(world: World, when: Issuer.When = Issuer.When.ASKED) -> Issuer:
    """Name who sells in cn."""
    return Issuer.objects.create(
        market=world.cn, prefix="CN", name="谷穗科技有限公司", tax_id="91110108551385082Q", street="清河中街68号",
        city="北京", country="CN", when=when, since=world.now - DAY, until=world.now - DAY,
    )  # fmt: skip
