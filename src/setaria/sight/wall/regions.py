"""Regions as the wall names and places them: China's as tiles of a map, all others by the name buyers wrote.

The map is a grid of equal tiles, one a province: a small province that buys much is not smaller than a large one that
buys little, and six metres away one still tells them apart. Drawn by ourselves; column and row say who is whose
neighbour, not where a border runs.
"""

import msgspec

Texts = dict[str, str]


class Region(msgspec.Struct, frozen=True):
    """A region; `code` is its tile's (ISO 3166-2:CN), empty where the map has none."""

    code: str
    name: Texts


class Tile(msgspec.Struct, frozen=True):
    """A province's place on the map, counted from the top left."""

    code: str
    name: Texts
    column: int
    row: int


_PLACES = """
XJ 新疆 Xinjiang 0 2      QH 青海 Qinghai 1 3      XZ 西藏 Tibet 0 4         GS 甘肃 Gansu 2 2
NX 宁夏 Ningxia 3 2       NM 内蒙古 Inner-Mongolia 4 1  SN 陕西 Shaanxi 3 3  SX 山西 Shanxi 4 2
BJ 北京 Beijing 6 1       TJ 天津 Tianjin 6 2      HE 河北 Hebei 5 2         LN 辽宁 Liaoning 7 1
JL 吉林 Jilin 7 0         HL 黑龙江 Heilongjiang 6 0   SD 山东 Shandong 6 3  HA 河南 Henan 5 3
JS 江苏 Jiangsu 6 4       SH 上海 Shanghai 7 4     AH 安徽 Anhui 5 4         HB 湖北 Hubei 4 4
CQ 重庆 Chongqing 3 4     SC 四川 Sichuan 2 4      ZJ 浙江 Zhejiang 7 5      JX 江西 Jiangxi 5 5
HN 湖南 Hunan 4 5         GZ 贵州 Guizhou 3 5      YN 云南 Yunnan 2 5        FJ 福建 Fujian 6 5
TW 台湾 Taiwan 7 6        GD 广东 Guangdong 5 6    GX 广西 Guangxi 4 6       HK 香港 Hong-Kong 6 7
MO 澳门 Macao 5 7         HI 海南 Hainan 4 7
"""
_WORDS = _PLACES.split()
TILES = [
    Tile(code, {"zh-hans": zh, "en": en.replace("-", " ")}, int(column), int(row))
    for code, zh, en, column, row in zip(*(iter(_WORDS),) * 5, strict=True)
]
_BY_NAME = {name.casefold(): tile for tile in TILES for name in tile.name.values()} | {
    "shanxi province": next(t for t in TILES if t.code == "SX"),
}
_ENDINGS = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市", " province", " city")


def region_of(written: str) -> Region:
    """Return the region a buyer wrote: a tile of the map if it is one, under whatever of its usual names."""
    short = written.strip()
    for ending in _ENDINGS:
        if short.casefold().endswith(ending):
            short = short[: -len(ending)]
            break
    tile = _BY_NAME.get(short.casefold())
    return Region(tile.code, tile.name) if tile else Region("", {"en": written.strip()})
