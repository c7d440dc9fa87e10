"""What a visitor keeps in the store: the basket, what is saved for later, wishes, and baskets shared by a link.

Owned by an account, or by whoever carries the sealed id of an anonymous basket; joined at sign-in. Verbs: `put`,
`change`, `save_for_later`, `take_out`, `merge`, `wish`, `share`, `revoke`, `forget_abandoned`, `forget_member`.
Reserves nothing and promises nothing: the door does, when the order is placed. Knows no price but the one seen.
"""
