"""The store's own messages."""

from setaria.people.notices.kinds import Form, Kind, Topic, Variable

KINDS = [
    Kind(
        "forget_me", {"zh-hans": "请忘记我", "en": "Forget me"}, Topic.ASKED, __package__,
        {
            "brand": Variable(Form.TEXT, {"zh-hans": "谷穗", "en": "Setaria"}),
            "path": Variable(Form.PATH, "/forget/sample/"),
        },
        opens="path",
    ),
]  # fmt: skip
