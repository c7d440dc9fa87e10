"""A campaign: named days on which drops, prices and messages come together, prepared, approved and kept on record.

Verbs: `plan` (from a file), `check`, `note_drill`, `approve` (makes its drops and prices), `turn` (opens and closes it
by the clock), `note_report`; `messages.write` and `messages.approve`. A drop opens by its own clock: nothing here
has to run at 00:00. Never makes an order, and never sends a message.
"""
