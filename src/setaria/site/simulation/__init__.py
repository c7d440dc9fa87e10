"""Nights by the thousand: the deciding core on a virtual clock, and an auditor who knows only the laws.

Verb: `cli.main` (`setaria simulate`). The door's rules, the committer's queue, the gate's memory of sell-outs and the
rules of late payments are the real ones; the network, the database's tables and the people are `night`'s. No
PostgreSQL, no threads, no waiting: a night of ten minutes takes a fraction of a second, and the same seed plays the
same night.
"""
