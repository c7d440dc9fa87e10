"""The messages that announcements go out in: what is announced, and around it what staff word."""

from setaria.people.notices.kinds import Form, Kind, Topic, Variable

_VARIABLES = {
    "title": Variable(Form.TEXT, {"zh-hans": "我们的价格承诺", "en": "Our price pledge"}),
    "text": Variable(Form.TEXT, {"zh-hans": "双十一期间价格不变，买贵必赔。", "en": "Prices stay as they are until the night is over. Should one fall, you get the difference."}),
    "brand": Variable(Form.TEXT, {"zh-hans": "谷穗", "en": "Setaria"}),
    "path": Variable(Form.PATH, "/drops/singles-day/"),
    "stop": Variable(Form.PATH, "/stop/sample/"),
}  # fmt: skip
_NEEDS = ("text", "stop")
KINDS = [
    Kind(
        "announcement_drops", {"zh-hans": "公告：抢购", "en": "An announcement of a sale"}, Topic.DROPS, __package__,
        _VARIABLES, opens="path", needs=_NEEDS,
    ),
    Kind(
        "announcement_offers", {"zh-hans": "公告：优惠与动态", "en": "An announcement of offers and news"}, Topic.OFFERS,
        __package__, _VARIABLES, opens="path", needs=_NEEDS,
    ),
]  # fmt: skip
