"""Breaking an instance on purpose while a crowd buys, and proving afterwards that nothing went wrong.

Verb: `cli.main` (`setaria faults`). The crowd, the reckoning and the history are those of `site.rush`; this room only
makes trouble: it kills parts, stands between them and PostgreSQL (`proxy`), fills the disk and turns the clocks.
"""
