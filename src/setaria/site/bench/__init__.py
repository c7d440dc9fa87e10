"""How fast this machine takes orders: the goals of the project, measured and never rounded up.

Verb: `cli.main` (`setaria bench`). Every goal is a ratio of two rates measured in turn by the same client in the
same run, because machines differ and drift; the median of several pairs counts, and the spread is shown.
"""
