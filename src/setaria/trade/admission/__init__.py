"""Who may order in a drop: one question, answered by the drop's kind of admission.

`admit` answers it with a pass or a refusal; `lanes` says from when whom. Never makes an order, and never counts
units: that is the door's.
"""
