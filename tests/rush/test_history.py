"""The history must notice what it is there for, and nothing that may happen."""

from setaria.site.rush.history import STALE_SECONDS, Attempt, Fate, check


def broken(attempts, exists=(), returns=(), baskets=None):
    """Which statements do not hold; wish n is for item 0 unless its basket says otherwise. Returns are of item 0."""
    wishes = {a.wish for a in attempts}
    fates = {wish: Fate((baskets or {}).get(wish, (0,)), wish in exists) for wish in wishes}
    return {s.name for s in check(attempts, fates, {0: list(returns)}) if s.count}


def attempt(wish, sent, answered, code, *, began=None, lost=0):
    return Attempt(wish, sent if began is None else began, sent, answered, lost, code)


def test_an_acknowledged_order_is_not_refused_when_it_is_repeated():
    first = attempt(1, 0.0, 0.1, "PLACED")
    assert broken([first, attempt(1, 0.2, 0.3, "PLACED")], {1}) == set()
    assert broken([first, attempt(1, 0.2, 0.3, "UNSURE")], {1}) == set()
    assert broken([first, attempt(1, 0.2, 0.3, "SOLD_OUT")], {1}) == {"taken_back"}
    # Sent before the acknowledgement came: nobody knows which was decided first.
    assert broken([first, attempt(1, 0.05, 0.3, "SOLD_OUT")], {1}) == set()


def test_who_was_only_refused_has_no_order():
    refused = attempt(1, 0.0, 0.1, "SOLD_OUT")
    assert broken([refused]) == set()
    assert broken([refused], {1}) == {"refused_but_there"}
    # A sending without an answer may have been placed after the refusal, and so may one nobody is sure of.
    assert broken([attempt(1, 0.0, 0.1, "SOLD_OUT", lost=1)], {1}) == set()
    assert broken([attempt(1, 0.0, 0.1, "UNSURE"), attempt(1, 0.2, 0.3, "SOLD_OUT")], {1}) == set()


def test_nobody_is_served_after_a_refusal_unless_stock_came_back():
    refused, later = attempt(1, 6.0, 6.1, "SOLD_OUT"), attempt(2, 6.2, 6.3, "PLACED")
    assert broken([refused, later], {2}) == {"overtaken"}
    assert broken([refused, later], {2}, [(6.15, 1)]) == set()
    assert broken([refused, later], {2}, [(6.0 - STALE_SECONDS - 0.1, 1)]) == {"overtaken"}
    # One unit came back, two later comers had one each.
    assert broken([refused, later, attempt(3, 6.2, 6.4, "PLACED")], {2, 3}, [(6.15, 1)]) == {"overtaken"}


def test_those_who_came_at_the_same_time_are_nobodys_later_comers():
    refused = attempt(1, 6.0, 6.1, "SOLD_OUT")
    assert broken([refused, attempt(2, 6.05, 6.3, "PLACED")], {2}) == set()
    assert broken([refused, attempt(2, 6.2, 6.3, "PLACED", began=5.0, lost=1)], {2}) == set()


def test_a_refused_basket_was_overtaken_only_if_each_of_its_items_was():
    refused, later = attempt(1, 6.0, 6.1, "SOLD_OUT"), attempt(2, 6.2, 6.3, "PLACED")
    assert broken([refused, later], {2}, baskets={1: (0, 1)}) == set()  # it may have been item 1
    assert broken([refused, later], {2}, baskets={1: (0,), 2: (0, 1)}) == {"overtaken"}
    assert broken([refused, later], {2}, baskets={1: (0, 1), 2: (0, 1)}) == {"overtaken"}
    assert broken([refused, later], {2}, [(6.15, 1)], baskets={1: (0, 1), 2: (0, 1)}) == set()
