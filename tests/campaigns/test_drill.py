"""A rehearsal lives through the night; here in the test's own database, for which a copy is what it is made for."""

from setaria.site.campaigns.rehearse import rehearse
from tests.campaigns.conftest import Bureau


def test_a_good_plan_passes_every_trial(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    trials = rehearse("singles-day", bureau.world.now)
    assert [trial for trial in trials if not trial.passed] == []
    assert len(trials) == 1 + 4 * 2 + 1 + 1
    assert bureau.campaign.get_status_display() == "closed"


def test_stock_that_is_not_there_fails_it(bureau: Bureau) -> None:
    bureau.planned()
    bureau.pledge()
    bureau.checked()
    bureau.world.transfer(bureau.phone, 8, bureau.world.warehouse, bureau.world.us_warehouse)
    trials = rehearse("singles-day", bureau.world.now)
    assert (trials[0].what, trials[0].came) == ("approval", "CHECKS_FAILED")
