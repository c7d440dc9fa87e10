"""What is wrong in a file is said by line and field, and every kind of slip is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.trade.campaigns.plan_file import BadPlan, place, read
from tests.campaigns.conftest import FILE

GOOD = FILE % {"day": "2031-11-11", "before": "2031-11-08"}


def problem(text: str) -> str:
    with pytest.raises(BadPlan) as caught:
        read(text.encode())
    return str(caught.value)


def test_a_good_file_is_read() -> None:
    plan = read(GOOD.encode())
    assert (plan.slug, plan.drop[0].item[0].price, plan.drop[0].payment_seconds) == ("singles-day", 8000, 600)


@pytest.mark.parametrize(
    "old, new, where, why",
    [
        ("units = 30", 'units = "30"', "line 22, drop 1, item 1, units", "Expected `int`"),
        ("units = 5", "units = 0", "line 28, drop 1, item 2, units", ">= 1"),
        ("units = 5", "", "line 26, drop 1, item 2", "missing required field `units`"),
        ("limit = 2", "limits = 2", "line 20, drop 1, item 1", "unknown field `limits`"),
        ('en = "The night" }\nline', 'fr = "La nuit" }\nline', "drop 1, name", "no language here"),
        ('en = "One price"', 'en = " "', "message 1, title", "write it in"),
        ('market = "cn"\nsku', 'market = "in"\nsku', "price 1, market", "not among the campaign's markets"),
        ('sku = "PHONE"', 'sku = "BAND"', "drop 1, item 2, sku", "twice"),
        ("last_day = 2031-11-11\nmarkets", "last_day = 2031-11-10\nmarkets", "last_day", "swap them"),
        ("payment_seconds = 600", "opens = 2031-11-11T00:00:00Z", "drop 1, opens", "without an offset"),
        ('slug = "singles-day"', 'slug = "Singles Day"', "slug", "regex"),
        ("[expect]", "[expect", "the file", "not TOML"),
    ],
)
def test_a_slip_is_named_with_its_place(old: str, new: str, where: str, why: str) -> None:
    assert old in GOOD
    told = problem(GOOD.replace(old, new, 1))
    assert where in told
    assert why in told


def test_bytes_that_are_no_text_and_files_that_are_too_large() -> None:
    with pytest.raises(BadPlan, match="UTF-8"):
        read(b"\xff\xfe")
    with pytest.raises(BadPlan, match="KiB"):
        read(b"#" * 300_000)


@given(st.text(max_size=200))
def test_nonsense_is_refused_and_never_a_bug(text: str) -> None:
    with pytest.raises(BadPlan):
        read(text.encode("utf-8", "surrogatepass"))
    assert place(text, "$.drop[3].item[1].units")
