from datetime import UTC, datetime, timedelta

from setaria.trade.admission.lanes import Lane, opening_for

NOON = datetime(2026, 4, 8, 12, tzinfo=UTC)
OLD = Lane("old accounts", NOON, joined_before=NOON - timedelta(days=365))
FANS = Lane("fans", NOON + timedelta(hours=1), points_min=1_000)
ALL = Lane("everyone", NOON + timedelta(hours=2))
LANES = [ALL, FANS, OLD]


def test_the_earliest_lane_that_takes_somebody_counts():
    assert opening_for(LANES, NOON - timedelta(days=400), 0) == OLD.opens_at
    assert opening_for(LANES, NOON, 1_000) == FANS.opens_at
    assert opening_for(LANES, NOON, 999) == ALL.opens_at


def test_an_account_made_at_the_very_date_is_not_older_than_it():
    assert opening_for([OLD], NOON - timedelta(days=365), 10_000) is None


def test_without_a_lane_nobody_comes_in():
    assert opening_for([], NOON, 10_000) is None
