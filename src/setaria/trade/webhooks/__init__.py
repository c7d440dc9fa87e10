"""Webhooks: other systems hear what happens to orders, by signed posts (Standard Webhooks), at least once each.

Owns endpoints, events and their deliveries. Verbs: `add`, `switch`, `rotate` (endpoints), `gather` (news becomes events, each
under one id whoever gathers how often), `deliver` (what is due is posted), `replay`. Nobody waits for it: it follows the news
(`trade.news`). Tells nothing of a person but the order's number.
"""
