"""The messages of an order's life."""

from setaria.people.notices.kinds import Form, Kind, Topic, Variable

_VARIABLES = {
    "number": Variable(Form.TEXT, "01930f2e-7a4b-7c11-9d2e-5b8f0c6a1e42"),
    "things": Variable(Form.TEXT, {"zh-hans": "1 × 小米手机 6（亮黑色 64 GB）", "en": "1 × Mi 6 (Black, 64 GB)"}),
    "total": Variable(Form.MONEY, [249_900, "CNY"]),
    "amount": Variable(Form.MONEY, [249_900, "CNY"]),
    "pay_by": Variable(Form.MOMENT, ["2031-11-10T16:15:00+00:00", "Asia/Shanghai"]),
    "brand": Variable(Form.TEXT, {"zh-hans": "谷穗", "en": "Setaria"}),
    "path": Variable(Form.PATH, "/orders/01930f2e-7a4b-7c11-9d2e-5b8f0c6a1e42/"),
}
_TITLES = {
    "order_placed": {"zh-hans": "订单已提交", "en": "An order is placed"},
    "order_reminder": {"zh-hans": "付款时间将到", "en": "The time to pay ends soon"},
    "order_promised": {"zh-hans": "订单已确认，货到付款", "en": "An order is confirmed, to be paid at the door"},
    "order_paid": {"zh-hans": "已收到付款", "en": "An order is paid"},
    "order_expired": {"zh-hans": "订单已过期", "en": "An order has expired"},
    "order_cancelled": {"zh-hans": "订单已取消", "en": "An order is cancelled"},
    "order_refunded": {"zh-hans": "已退款", "en": "Money went back"},
}
KINDS = [Kind(name, title, Topic.ORDERS, __package__, _VARIABLES, opens="path") for name, title in _TITLES.items()]
