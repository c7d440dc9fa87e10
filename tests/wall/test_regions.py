"""The map: every province once, and known under its usual names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setaria.sight.wall.regions import TILES, region_of


def test_every_province_has_a_tile_of_its_own() -> None:
    assert len(TILES) == len({tile.code for tile in TILES}) == len({(t.column, t.row) for t in TILES}) == 34


@pytest.mark.parametrize(
    ("written", "code"),
    [("广东省", "GD"), ("广东", "GD"), (" guangdong ", "GD"), ("Guangdong Province", "GD"), ("北京市", "BJ"),
     ("内蒙古自治区", "NM"), ("Inner Mongolia", "NM"), ("新疆维吾尔自治区", "XJ"), ("香港特别行政区", "HK"),
     ("Shanxi", "SX"), ("Shaanxi", "SN"), ("深圳市", ""), ("Bavaria", "")],
)  # fmt: skip
def test_it_is_found_as_buyers_write_it(written: str, code: str) -> None:
    assert region_of(written).code == code


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_region(written: str) -> None:
    region = region_of(written)
    assert region.code or region.name == {"en": written.strip()}
