"""Events: a name for a period of one market or several (Singles' Day, the fan festival), planned with `plan_event`.

An event sells nothing. It says what belongs together when a night is shown, replayed, reported and compared with the
one before; what is sold in it, and for how much, is decided by drops and prices.
"""
