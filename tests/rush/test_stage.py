"""The stage of a rehearsal, in this test's database: what is copied in bulk must fit its tables as they are today."""

from datetime import timedelta
from pathlib import Path

import pytest

from setaria.kernel import clock
from setaria.kernel.invariants import check_all
from setaria.people.members.models import Member
from setaria.site.rush.preorder import stage as preorders
from setaria.site.rush.scenario import Preorder, load
from setaria.site.rush.stage import set_stage
from setaria.trade.drops.models import Drop

HERE = Path(__file__).parent


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["tiny.toml", "tiny-preorder.toml"])
def test_a_stage_is_set(name: str) -> None:
    scenario = load(str(HERE / name))
    setting = preorders.set_stage if isinstance(scenario, Preorder) else set_stage
    stage = setting(scenario, "run", timedelta(hours=1))
    assert Member.objects.filter(pk__in=stage.customer_ids, is_active=True).count() == scenario.shoppers
    assert len(stage.skus) == len(scenario.items)
    assert stage.currency == "CNY"
    assert Drop.objects.get().opens_at > clock.now()
    assert [finding.name for finding in check_all() if not finding.holds] == []
