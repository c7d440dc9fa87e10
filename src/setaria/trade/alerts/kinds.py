"""The messages of those who asked to be told."""

from setaria.people.notices.kinds import Form, Kind, Topic, Variable

_NAME = Variable(Form.TEXT, {"zh-hans": "小米手机 6", "en": "Mi 6"})
_VARIANT = Variable(Form.TEXT, {"zh-hans": "亮黑色 64 GB", "en": "Black, 64 GB"})
_THING = Variable(Form.PATH, "/products/mi-6/")
_PAGE = Variable(Form.PATH, "/alerts/sample/")
_SALE = Variable(Form.TEXT, {"zh-hans": "双十一 米粉夜", "en": "Singles' Day night"})
_OPENS = Variable(Form.AHEAD, ["2031-11-10T16:00:00+00:00", "Asia/Shanghai"])

KINDS = [
    Kind(
        "alert_back", {"zh-hans": "到货了", "en": "Something is back"}, Topic.ASKED, __package__,
        {"name": _NAME, "variant": _VARIANT, "thing_path": _THING, "path": _PAGE}, opens="thing_path", needs=("path",),
    ),
    Kind(
        "alert_drop", {"zh-hans": "抢购即将开始", "en": "A sale opens"}, Topic.ASKED, __package__,
        {"name": _SALE, "opens_at": _OPENS, "thing_path": _THING, "path": _PAGE}, opens="thing_path", needs=("path",),
    ),
    Kind(
        "alert_confirm", {"zh-hans": "请确认提醒", "en": "Was it you who asked?"}, Topic.ASKED, __package__,
        {"name": _NAME, "variant": _VARIANT, "opens_at": _OPENS, "thing_path": _THING, "path": _PAGE}, opens="path",
    ),
]  # fmt: skip
