"""Invoices and credit notes: numbered without a gap, written once, never changed.

Owns who sells in a market (`Issuer`), what buyers want on their invoices (`Billing`), the documents and their numbers.
Verbs: `ask` (a buyer says whom the invoice is for), `issue` (paid orders get theirs), `credit` (a refund gets its credit
note; `returns` finds those that wait), `reissue` (a whole one is reversed and written anew for somebody else). An invoice is for what was paid; it holds
all it says, so that a product renamed later changes nothing. `document` draws it as a PDF, `electronic` as EN 16931.
"""
