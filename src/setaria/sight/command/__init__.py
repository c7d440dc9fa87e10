"""The command centre: how the parts are, what waits, what is refused and why, who is on, what happened.

Owns the parts' pulses, the incident log and the rota. It watches and takes notes; it changes nothing else.
"""
