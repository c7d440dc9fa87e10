"""What happens to orders, as news: looked up where it is kept, in sets, and told to whoever follows.

Owns how far each follower has looked (`Mark`). `happenings.py` says what there is to tell, `follow.py` looks for it;
`tell` writes the buyers' messages (`people.notices`), and webhooks follow the same news (`trade.webhooks`). Nothing on an
order's way writes here, so a rush costs the news only time; it changes no order.
"""
