"""Friend codes: given by the brand to fans, passed on, spent once, for leave to order in one drop (decision 0012).

Verbs: `allow`, `give` and `revoke` (all in `give.py`), `spend` and `take` (both in `spend.py`), `order_of`. Makes no
order: who has spent a code gets a pass. Stores no code: its text is derived from its id and the installation's secret,
so that who reads the database cannot spend what is in it, while whoever holds a code can be shown it.
"""
