"""Announcements to fans (R-035): written by one, approved by another, sent to all they are meant for, once each.

Verbs: `write`, `approve`, `stop`, and `go_out`, which fills the outbox little by little. Never sends by itself: that is
`people.notices`. What a campaign shows on its pages is the campaign's own (`trade.campaigns.messages`).
"""
