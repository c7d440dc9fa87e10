"""What has happened becomes entries: looked up where it is kept, a set at a time, each once.

Nothing on an order's way writes here, so a rush costs the books only time. What is looked at is what happened since the
last time, and a little before it (`LATE`): a transaction may commit after a later one. Should something come later
still, the audit names it and `record` with `everything` enters it.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from django.db import connection, transaction

from setaria.trade.books.accounts import Account, Source
from setaria.trade.books.sale import CHARGED_SALE, PLAIN_SALE, TAKEN_BACK

ENTRIES_MAX = 20_000
# Longer than any transaction that settles: one that stands idle is ended after 20 seconds (site/settings.py).
LATE = timedelta(seconds=60)
LOCK = 0x5E7A_B00C  # one writer at a time, and no month closes meanwhile
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class _Kind(msgspec.Struct, frozen=True):
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
    _Kind(Source.POINTS, _POINTS.format(which="e.kind = 1"), _two(_GIVEN, _OWED)),
    _Kind(Source.POINTS_LAPSED, _POINTS.format(which="e.kind = 4"), _two(_OWED, _GIVEN)),
    _Kind(Source.POINTS_RECALLED, _POINTS.format(which="e.kind = 6"), _two(_OWED, _GIVEN)),
    _Kind(
        Source.POINTS_CORRECTED,
        _POINTS.format(which="e.kind = 7"),
        _two(
            f"CASE h.what WHEN 1 THEN {_GIVEN} ELSE {_OWED} END", f"CASE h.what WHEN 1 THEN {_OWED} ELSE {_GIVEN} END"
        ),
    ),
    _Kind(
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
    _Kind(
        Source.DEPOSIT,
        f"""
        SELECT r.payment_id AS source_id, r.place_id AS order_id, r.at, channel.market_id, r.currency, r.provider,
               r.amount, 0 AS what
        FROM preorders_receipt AS r {_PLACES_MARKET.format(place="r.place_id")}
        """,
        _two(str(Account.CLEARING.value), str(Account.DEPOSITS.value)),
    ),
    _Kind(
        Source.CREDIT,
        """
        SELECT c.payment_id AS source_id, c.order_id, c.at, o.market_id, c.currency, '' AS provider, c.amount, c.means AS what
        FROM orders_credit AS c JOIN orders_order AS o ON o.id = c.order_id
        """,
        _two(_BY_MEANS, str(Account.CUSTOMERS.value)),
    ),
    _Kind(
        Source.CREDIT_BACK,
        """
        SELECT c.payment_id AS source_id, c.order_id, c.revoked_at AS at, o.market_id, c.currency, '' AS provider,
               c.amount, c.means AS what
        FROM orders_credit AS c JOIN orders_order AS o ON o.id = c.order_id WHERE c.revoked_at IS NOT NULL
        """,
        _two(str(Account.CUSTOMERS.value), _BY_MEANS),
    ),
    _Kind(
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
    _Kind(
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
    _Kind(
        Source.SALE,
        """
        SELECT o.id AS source_id, o.id AS order_id, o.paid_at AS at, o.market_id, o.currency, '' AS provider,
               o.total AS amount, 0 AS what
        FROM orders_order AS o WHERE o.paid_at IS NOT NULL
        """,
        f"""
        SELECT h.source_id, {Account.CUSTOMERS.value} AS account, 0 AS kind_id, h.amount FROM happened AS h
        UNION ALL {PLAIN_SALE}
        UNION ALL {CHARGED_SALE}
        """,
    ),
    _Kind(
        Source.RETURN,
        """
        SELECT r.id AS source_id, r.order_id, r.at, o.market_id, r.currency, '' AS provider, r.amount, 0 AS what
        FROM aftersales_return AS r JOIN orders_order AS o ON o.id = r.order_id
        """,
        TAKEN_BACK,
    ),
    _Kind(
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
    _Kind(
        Source.COLLECTED,
        """
        SELECT r.payment_id AS source_id, r.order_id, r.at, o.market_id, r.currency, r.provider, r.amount, 0 AS what
        FROM payments_remittance AS r JOIN orders_order AS o ON o.id = r.order_id
        """,
        _two(str(Account.BANK.value), _BY_PROVIDER),
    ),
    _Kind(
        Source.DISPUTED,
        _DISPUTES.format(at="d.held_at", amount="d.amount", which="d.held_at IS NOT NULL"),
        _two(str(Account.DISPUTED.value), str(Account.CLEARING.value)),
    ),
    _Kind(
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
    _Kind(
        Source.DISPUTE_FEE,
        _DISPUTES.format(at="d.ended_at", amount="d.fee", which="d.fee > 0 AND d.ended_at IS NOT NULL"),
        _two(str(Account.FEES.value), str(Account.CLEARING.value)),
    ),
    # Told by settlement files, some days after; they count when they are known. The market is the first of its currency.
    _Kind(
        Source.FEE,
        _TOLD.format(amount="e.fee", which="e.fee <> 0"),
        _two(str(Account.FEES.value), str(Account.CLEARING.value)),
    ),
    _Kind(
        Source.PAYOUT,
        _TOLD.format(amount="-e.amount", which="e.kind = 3"),
        _two(str(Account.BANK.value), str(Account.CLEARING.value)),
    ),
]

# A closed month takes nothing: what comes late counts in the first month after it.
_RECORD = """
    WITH happened AS (
        SELECT h.*, greatest(date_trunc('month', h.at AT TIME ZONE market.time_zone)::date,
                             (SELECT max(closed.month) + interval '1 month' FROM books_closed AS closed
                              WHERE closed.market_id = h.market_id)::date) AS month
        FROM ({happened}) AS h JOIN markets_market AS market ON market.id = h.market_id
        WHERE h.at >= %(since)s AND h.at <= %(now)s AND NOT EXISTS (
            SELECT 1 FROM books_entry AS entry WHERE entry.source = {source} AND entry.source_id = h.source_id
        )
        ORDER BY h.at LIMIT %(limit)s
    ), entry AS (
        INSERT INTO books_entry (source, source_id, order_id, at, month, market_id, note, entered_at, entered_by)
        SELECT {source}, source_id, order_id, at, month, market_id, '', %(now)s, '' FROM happened
    ), posting AS (
        INSERT INTO books_posting (source, source_id, line, account, month, market_id, currency, kind_id, provider, amount)
        SELECT {source}, h.source_id, row_number() OVER (PARTITION BY h.source_id ORDER BY p.account, p.kind_id) - 1,
               p.account, h.month, h.market_id, h.currency, p.kind_id,
               CASE WHEN p.account IN ({clearing}, {fees}) THEN h.provider ELSE '' END, p.amount
        FROM ({postings}) AS p JOIN happened AS h USING (source_id) WHERE p.amount <> 0
    )
    SELECT count(*), max(at) FROM happened
"""


def record(*, now: datetime, everything: bool = False) -> int:
    """Enter all that has happened up to `now` and is not in the books; return how many entries that made.

    `everything` looks through the whole history, and not only at what happened since the last time.
    """
    made = 0
    for kind in KINDS:
        since = BEGINNING if everything else None
        while True:
            found, latest = _record_some(kind, now, since)
            made += found
            if found < ENTRIES_MAX:
                break
            since = latest  # what was just entered is not looked through again
    return made


@transaction.atomic
def _record_some(kind: _Kind, now: datetime, since: datetime | None) -> tuple[int, datetime | None]:
    """Enter up to `ENTRIES_MAX`, of what happened from `since` on (None: since the last time); how many, the last's instant."""
    sql = _RECORD.format(
        happened=kind.happened,
        postings=kind.postings,
        source=kind.source.value,
        clearing=Account.CLEARING.value,
        fees=Account.FEES.value,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if since is None:
            cursor.execute("SELECT until FROM books_mark WHERE source = %s", [kind.source])
            marked = cursor.fetchone()
            since = BEGINNING if marked is None else marked[0] - LATE
        cursor.execute(sql, {"since": since, "now": now, "limit": ENTRIES_MAX})
        count, latest = cursor.fetchone() or (0, None)
        until = latest if count == ENTRIES_MAX else now
        cursor.execute(
            """
            INSERT INTO books_mark (source, until) VALUES (%s, %s)
            ON CONFLICT (source) DO UPDATE SET until = greatest(books_mark.until, excluded.until)
            """,
            [kind.source, until],
        )
    return int(count), latest
