from collections import Counter
from pathlib import Path

import pytest

from setaria.site.rush.crowd import Manner, crowd
from setaria.site.rush.kills import kills_at
from setaria.site.rush.scenario import SCENARIOS, NoScenario, load

TINY = str(Path(__file__).with_name("tiny.toml"))


def test_the_same_seed_brings_the_same_crowd():
    scenario = load(TINY)
    assert crowd(scenario, 5, 10**12) == crowd(scenario, 5, 10**12)
    assert crowd(scenario, 5, 10**12) != crowd(scenario, 6, 10**12)


def test_everybody_comes_and_ids_are_their_own():
    scenario = load(TINY)
    wishes = crowd(scenario, 1, 10**12)
    assert {wish.customer for wish in wishes} == set(range(scenario.shoppers))
    assert len({wish.order_id for wish in wishes}) == len(wishes)
    assert {wish.order_id.version for wish in wishes} == {7}
    assert [wish.at for wish in wishes] == sorted(wish.at for wish in wishes)


def test_shares_are_kept():
    scenario = load(TINY).scaled(20)
    wishes = crowd(scenario, 1, 10**12)
    assert len(wishes) == pytest.approx(scenario.shoppers * 1.1, rel=0.02)
    assert sum(wish.cuts for wish in wishes) == pytest.approx(len(wishes) * 0.1, rel=0.15)
    manners = Counter(wish.manner for wish in wishes)
    assert manners[Manner.IN_TIME] == pytest.approx(len(wishes) * 0.4, rel=0.1)
    assert manners[Manner.NEVER] == pytest.approx(len(wishes) * 0.1, rel=0.15)


def test_a_scale_changes_people_units_and_time_alike():
    half = load(TINY).scaled(0.5)
    assert (half.shoppers, half.items[0].units, half.seconds) == (150, 50, 1.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.toml")))
def test_every_scenario_can_be_read(name):
    scenario = load(name)
    assert scenario.items
    assert crowd(scenario.scaled(0.01), 1, 10**12)


def test_the_documented_night_holds_its_hundred_million():
    scenario = load("singles-day-2017")
    weights = sum(item.weight for item in scenario.items)
    mean = sum(item.price * item.weight for item in scenario.items) / weights
    assert scenario.milestone == 100_000_000_00
    assert mean * scenario.shoppers * 0.9 > scenario.milestone


def test_baskets_have_as_many_lines_as_the_scenario_says_and_nothing_twice():
    scenario = load("many-skus").scaled(0.2)
    wishes = crowd(scenario, 1, 10**12)
    lines = Counter(len(wish.items) for wish in wishes)
    assert set(lines) == {1, 2, 3, 4, 5}
    assert lines[1] / len(wishes) == pytest.approx(scenario.basket[0] / sum(scenario.basket), rel=0.1)
    assert all(len(set(wish.items)) == len(wish.items) for wish in wishes)
    assert len({item for wish in wishes for item in wish.items}) > 400


def test_a_scenario_whose_baskets_cannot_be_filled_is_refused(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("basket = [1, 1, 1]\n" + Path(TINY).read_text())
    with pytest.raises(NoScenario, match="no more than there are items"):
        load(str(file))


def test_an_unknown_scenario_says_which_there_are():
    with pytest.raises(NoScenario, match="one-hot-sku"):
        load("no-such-night")


def test_kills_are_spread_over_the_rush_and_over_the_parts():
    planned = kills_at(3, 7, 10.0)
    assert {part for _, part in planned} == {"web", "postgres", "worker"}
    assert [at for at, _ in planned] == sorted(at for at, _ in planned)
    assert all(0 < at < 10 for at, _ in planned)
    assert planned == kills_at(3, 7, 10.0)
