"""A rehearsal of a rush: a crowd replayed from a scenario and a seed, then reckoned up order by order.

Verb: `cli.main` (`setaria rush`). It speaks to the instance as people and banks do, over HTTP, and judges the
outcome by its own notes, never by the instance's counters.
"""
