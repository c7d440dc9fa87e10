"""What can happen in money, kind by kind: how it is found where it is kept, and what it is to the accounts. SQL.

Not `kinds`: by that name apps say what messages they send (`people/notices/kinds.py`).
"""

import msgspec

from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.sale import CHARGED, CHARGED_SALE, PLAIN_SALE, TAKEN_BACK


class Kind(msgspec.Struct, frozen=True):
    """How one kind of thing is found and entered.

    `happened` selects source_id, order_id, at, market_id, currency, provider, amount and what became of it, of what is
    not entered yet. `postings` selects of those account, kind_id and the signed amount.
    """

    source: Source
    happened: str
    postings: str


def _two(debit: str, credit: str) -> str:
    """Two sides of the same amount."""
    return f"""
        SELECT h.source_id, side.account, 0 AS kind_id, side.amount FROM happened AS h
        CROSS JOIN LATERAL (VALUES ({debit}, h.amount), ({credit}, -h.amount)) AS side (account, amount)
    """


# Where money beside the last payment comes from; and a card that pays alone is owed, not on its way from anywhere.
_BY_MEANS = f"CASE h.what WHEN 2 THEN {Account.GIFT_CARDS.value} ELSE {Account.DEPOSITS.value} END"
# What was promised at the door is with the couriers, what no provider could send back left our bank, and what a lost
# dispute gave the buyer is no loss as far as it was to be sent back anyway.
_BY_PROVIDER = (
    f"CASE h.provider WHEN 'giftcard' THEN {Account.GIFT_CARDS.value} WHEN 'cash' THEN {Account.COURIERS.value}"
    f" WHEN 'bank' THEN {Account.BANK.value} WHEN 'dispute' THEN {Account.LOST.value} ELSE {Account.CLEARING.value} END"
)

_SENT_THROUGH = "CASE r.sent_by WHEN '' THEN r.provider WHEN 'dispute' THEN 'dispute' ELSE 'bank' END"

# A dispute counts in the market of its order, or in the first of its currency. One that ended before its money was held
# is entered when both are known.
_DISPUTES = """
    SELECT d.id AS source_id, d.order_id, {at} AS at, coalesce(o.market_id, market.id) AS market_id, d.currency, d.provider,
           {amount} AS amount, (d.outcome = 'won')::int AS what
    FROM payments_dispute AS d LEFT JOIN orders_order AS o ON o.id = d.order_id
    JOIN LATERAL (SELECT id FROM markets_market AS m WHERE m.currency = d.currency ORDER BY id LIMIT 1) AS market ON true
    WHERE {which}
"""

# A settlement, refund or deposit belongs to an order, or to a place whose programme sells in a market.
_PLACES_MARKET = """
    JOIN preorders_place AS place ON place.id = {place}
    JOIN preorders_programme AS programme ON programme.id = place.programme_id
    JOIN drops_drop AS d ON d.id = programme.drop_id
    JOIN markets_channel AS channel ON channel.id = d.channel_id
"""

# Points are owed from when they are earned; those that nobody spent in time, or that a return took back, are not any
# more. (What came back with a return is owed by the return's own entry.)
_GIVEN, _OWED = str(Account.POINTS_GIVEN.value), str(Account.POINTS.value)
_POINTS = """
    SELECT e.id AS source_id, e.order_id, e.at, e.market_id, market.currency, '' AS provider, abs(e.amount) AS amount,
           (e.amount > 0)::int AS what
    FROM points_entry AS e JOIN markets_market AS market ON market.id = e.market_id WHERE {which}
"""
# What providers told in their files.
_TOLD = """
    SELECT e.id AS source_id, s.order_id, f.at, market.id AS market_id, e.currency, e.provider, {amount} AS amount, 0 AS what
    FROM reconciliation_entry AS e JOIN reconciliation_statement AS f ON f.id = e.statement_id
    JOIN LATERAL (SELECT id FROM markets_market AS m WHERE m.currency = e.currency ORDER BY id LIMIT 1) AS market ON true
    LEFT JOIN orders_settlement AS s ON s.payment_id = e.about
    WHERE {which}
"""

KINDS = [
    Kind(Source.POINTS, _POINTS.format(which="e.kind = 1"), _two(_GIVEN, _OWED)),
    Kind(Source.POINTS_LAPSED, _POINTS.format(which="e.kind = 4"), _two(_OWED, _GIVEN)),
    Kind(Source.POINTS_RECALLED, _POINTS.format(which="e.kind = 6"), _two(_OWED, _GIVEN)),
    Kind(
        Source.POINTS_CORRECTED,
        _POINTS.format(which="e.kind = 7"),
        _two(
            f"CASE h.what WHEN 1 THEN {_GIVEN} ELSE {_OWED} END", f"CASE h.what WHEN 1 THEN {_OWED} ELSE {_GIVEN} END"
        ),
    ),
    Kind(
        Source.CARD,
        """
        SELECT m.id AS source_id, NULL::uuid AS order_id, m.at, card.market_id, market.currency, '' AS provider,
               m.amount, card.sold::int AS what
        FROM giftcards_movement AS m JOIN giftcards_card AS card ON card.id = m.card_id
        JOIN markets_market AS market ON market.id = card.market_id WHERE m.kind = 1
        """,
        _two(
            f"CASE h.what WHEN 1 THEN {Account.BANK.value} ELSE {Account.GOODWILL.value} END",
            str(Account.GIFT_CARDS.value),
        ),
    ),
    Kind(
        Source.DEPOSIT,
        f"""
        SELECT r.payment_id AS source_id, r.place_id AS order_id, r.at, channel.market_id, r.currency, r.provider,
               r.amount, 0 AS what
        FROM preorders_receipt AS r {_PLACES_MARKET.format(place="r.place_id")}
        """,
        _two(str(Account.CLEARING.value), str(Account.DEPOSITS.value)),
    ),
    Kind(
        Source.CREDIT,
        """
        SELECT c.payment_id AS source_id, c.order_id, c.at, o.market_id, c.currency, '' AS provider, c.amount, c.means AS what
        FROM orders_credit AS c JOIN orders_order AS o ON o.id = c.order_id
        """,
        _two(_BY_MEANS, str(Account.CUSTOMERS.value)),
    ),
    Kind(
        Source.CREDIT_BACK,
        """
        SELECT c.payment_id AS source_id, c.order_id, c.revoked_at AS at, o.market_id, c.currency, '' AS provider,
               c.amount, c.means AS what
        FROM orders_credit AS c JOIN orders_order AS o ON o.id = c.order_id WHERE c.revoked_at IS NOT NULL
        """,
        _two(str(Account.CUSTOMERS.value), _BY_MEANS),
    ),
    Kind(
        Source.DEPOSIT_ENDED,
        f"""
        SELECT r.payment_id AS source_id, r.place_id AS order_id, coalesce(r.decided_at, r.at) AS at, channel.market_id,
               r.currency, r.provider, r.amount, r.fate AS what
        FROM preorders_receipt AS r {_PLACES_MARKET.format(place="r.place_id")} WHERE r.fate IN (3, 4)
        """,
        _two(
            str(Account.DEPOSITS.value),
            f"CASE h.what WHEN 3 THEN {Account.FORFEITED.value} ELSE {Account.RETURNING.value} END",
        ),
    ),
    Kind(
        Source.PAYMENT,
        """
        SELECT s.payment_id AS source_id, s.order_id, s.at, o.market_id, s.currency, s.provider, s.amount,
               s.outcome AS what
        FROM orders_settlement AS s JOIN orders_order AS o ON o.id = s.order_id
        """,
        _two(
            _BY_PROVIDER,
            f"CASE h.what WHEN 1 THEN {Account.CUSTOMERS.value} ELSE {Account.RETURNING.value} END",
        ),
    ),
    # Until parcels are known here, what is paid is sold.
    Kind(
        Source.SALE,
        f"""
        SELECT o.id AS source_id, o.id AS order_id, o.paid_at AS at, o.market_id, o.currency, '' AS provider,
               o.total AS amount, {CHARGED} AS what
        FROM orders_order AS o WHERE o.paid_at IS NOT NULL
        """,
        f"""
        SELECT h.source_id, {Account.CUSTOMERS.value} AS account, 0 AS kind_id, h.amount FROM happened AS h
        UNION ALL {PLAIN_SALE}
        UNION ALL {CHARGED_SALE}
        """,
    ),
    Kind(
        Source.RETURN,
        """
        SELECT r.id AS source_id, r.order_id, r.at, o.market_id, r.currency, '' AS provider, r.amount, 0 AS what
        FROM aftersales_return AS r JOIN orders_order AS o ON o.id = r.order_id
        """,
        TAKEN_BACK,
    ),
    Kind(
        Source.REFUND,
        f"""
        SELECT r.id AS source_id, r.order_id, r.sent_at AS at, o.market_id, r.currency,
               {_SENT_THROUGH} AS provider, r.amount, 0 AS what
        FROM payments_refund AS r JOIN orders_order AS o ON o.id = r.order_id
        JOIN orders_settlement AS s ON s.order_id = r.order_id AND s.payment_id = r.payment_id
        WHERE r.sent_at IS NOT NULL
        UNION ALL
        SELECT r.id, r.order_id, r.sent_at, o.market_id, r.currency, {_SENT_THROUGH}, r.amount, 0
        FROM payments_refund AS r JOIN orders_order AS o ON o.id = r.order_id
        JOIN orders_credit AS c ON c.order_id = r.order_id AND c.payment_id = r.payment_id AND c.means = 2
        WHERE r.sent_at IS NOT NULL
        UNION ALL
        SELECT r.id, r.order_id, r.sent_at, channel.market_id, r.currency, {_SENT_THROUGH}, r.amount, 0
        FROM payments_refund AS r JOIN preorders_receipt AS receipt ON receipt.payment_id = r.payment_id
        {_PLACES_MARKET.format(place="r.order_id")} WHERE r.sent_at IS NOT NULL
        """,
        _two(str(Account.RETURNING.value), _BY_PROVIDER),
    ),
    Kind(
        Source.COLLECTED,
        """
        SELECT r.payment_id AS source_id, r.order_id, r.at, o.market_id, r.currency, r.provider, r.amount, 0 AS what
        FROM payments_remittance AS r JOIN orders_order AS o ON o.id = r.order_id
        """,
        _two(str(Account.BANK.value), _BY_PROVIDER),
    ),
    Kind(
        Source.DISPUTED,
        _DISPUTES.format(at="d.held_at", amount="d.amount", which="d.held_at IS NOT NULL"),
        _two(str(Account.DISPUTED.value), str(Account.CLEARING.value)),
    ),
    Kind(
        Source.DISPUTE_ENDED,
        _DISPUTES.format(
            at="greatest(d.held_at, d.ended_at)",
            amount="d.amount",
            which="d.held_at IS NOT NULL AND d.ended_at IS NOT NULL",
        ),
        _two(
            f"CASE h.what WHEN 1 THEN {Account.CLEARING.value} ELSE {Account.LOST.value} END",
            str(Account.DISPUTED.value),
        ),
    ),
    Kind(
        Source.DISPUTE_FEE,
        _DISPUTES.format(at="d.ended_at", amount="d.fee", which="d.fee > 0 AND d.ended_at IS NOT NULL"),
        _two(str(Account.FEES.value), str(Account.CLEARING.value)),
    ),
    # Told by settlement files, some days after; they count when they are known. The market is the first of its currency.
    Kind(
        Source.FEE,
        _TOLD.format(amount="e.fee", which="e.fee <> 0"),
        _two(str(Account.FEES.value), str(Account.CLEARING.value)),
    ),
    Kind(
        Source.PAYOUT,
        _TOLD.format(amount="-e.amount", which="e.kind = 3"),
        _two(str(Account.BANK.value), str(Account.CLEARING.value)),
    ),
]
