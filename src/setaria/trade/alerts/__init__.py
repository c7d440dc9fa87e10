"""Who wants to be told when something is back, or when a drop is about to open; told once, by `people.notices`.

Verbs: `ask` (an address that is not known to be the asker's must confirm first), `confirm`, `stop`, `stop_all`,
`tell` (those whose moment has come), `forget`. Reserves nothing: who is told first has no right to a unit.
"""
