"""A waiting room: who comes into a drop in which order, when more people come than there are units.

Verbs: `prepare.open_room` (with the drop), `join.join` (a batch of people take places), `step.step` (number the early
ones at the opening, then let people in as stock and door allow). `turns.turn_of` says how one member stands.

Everybody who is in before the opening is put in an order that nobody can know before (`rules.shuffled`) and everybody
can check afterwards (`proof`); who comes later stands behind them in order of arrival. Never makes an order and never
gives leave to make one: `trade.admission` does, and asks here.
"""
