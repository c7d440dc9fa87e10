"""What staff are told about their webhooks."""

from setaria.people.notices.kinds import Form, Kind, Topic, Variable

KINDS = [
    Kind(
        "webhook_off", {"zh-hans": "Webhook 已停用", "en": "A webhook was switched off"}, Topic.ASKED, __package__,
        {
            "url": Variable(Form.TEXT, "https://erp.example.com/hooks"),
            "because": Variable(Form.TEXT, "It failed for days; at last: 503"),
        },
    ),
]  # fmt: skip
