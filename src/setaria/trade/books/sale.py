"""A sale as postings: what the order's lines and charges are to the accounts. SQL over `happened` of `record`.

An order placed with charges says itself what tax is in it. One without (a drop's) has its kind's within its price.
"""

from setaria.trade.books.accounts import Account
from setaria.trade.quotes.within import RATE

_LINES = """
    FROM happened AS h
    JOIN orders_line AS l ON l.order_id = h.source_id
    JOIN catalog_variant AS variant ON variant.id = l.variant_id
    JOIN catalog_product AS product ON product.id = variant.product_id
"""
# What `happened` says of a sale. Asked once and counted: of a set that is not, the planner expects one row, or all.
CHARGED = "EXISTS (SELECT 1 FROM orders_charge AS c WHERE c.order_id = o.id)::int"

# A line's tax is rounded as `rules.tax_within` rounds it. OFFSET 0: else the rate is looked up again wherever it is named.
PLAIN_SALE = f"""
    SELECT line.source_id, side.account, line.kind_id, sum(side.amount)
    FROM (
        SELECT h.source_id, product.kind_id, l.quantity * l.unit_price AS amount, rate.basis,
               l.quantity * l.unit_price * rate.rate / rate.basis AS share,
               2 * (l.quantity * l.unit_price * rate.rate %% rate.basis) AS twice
        {_LINES}
        JOIN orders_order AS o ON o.id = h.source_id
        CROSS JOIN LATERAL (SELECT {RATE} AS rate OFFSET 0) AS within
        CROSS JOIN LATERAL (SELECT within.rate, 10000 + within.rate AS basis) AS rate
        WHERE h.what = 0
    ) AS line
    CROSS JOIN LATERAL (
        SELECT line.share + CASE WHEN line.twice > line.basis OR (line.twice = line.basis AND line.share %% 2 = 1)
                            THEN 1 ELSE 0 END AS tax
    ) AS taxed
    CROSS JOIN LATERAL (VALUES ({Account.REVENUE.value}, taxed.tax - line.amount), ({Account.TAX.value}, -taxed.tax))
        AS side (account, amount)
    GROUP BY line.source_id, side.account, line.kind_id
"""

# Revenue is the price less the tax within; what was taken off stands apart, so revenue and discounts together are what
# was earned. Tax within the shipping comes off the shipping.
CHARGED_SALE = f"""
    SELECT part.source_id, part.account, part.kind_id, sum(part.amount)
    FROM (
        SELECT h.source_id, {Account.REVENUE.value} AS account, product.kind_id, -l.quantity * l.unit_price AS amount
        {_LINES}
        WHERE h.what = 1
        UNION ALL
        SELECT h.source_id, side.account, CASE side.account WHEN {Account.POINTS.value} THEN 0
                                          ELSE coalesce(product.kind_id, 0) END, side.amount
        FROM happened AS h
        JOIN orders_charge AS c ON c.order_id = h.source_id
        LEFT JOIN orders_line AS l ON l.order_id = h.source_id AND l.position = c.line
        LEFT JOIN catalog_variant AS variant ON variant.id = l.variant_id
        LEFT JOIN catalog_product AS product ON product.id = variant.product_id
        CROSS JOIN LATERAL (VALUES
            (CASE c.kind WHEN 1 THEN {Account.SHIPPING.value} WHEN 3 THEN {Account.DISCOUNTS.value}
                         WHEN 5 THEN {Account.POINTS.value} ELSE {Account.TAX.value} END, -c.amount),
            (CASE WHEN c.kind <> 4 THEN NULL WHEN c.line IS NULL THEN {Account.SHIPPING.value}
                  ELSE {Account.REVENUE.value} END, c.amount)
        ) AS side (account, amount)
        WHERE side.account IS NOT NULL
    ) AS part
    GROUP BY part.source_id, part.account, part.kind_id
"""

# What a return's parts were to the sale, turned round; the money is owed to the buyer.
TAKEN_BACK = f"""
    SELECT h.source_id, {Account.RETURNING.value} AS account, 0 AS kind_id, -h.amount AS amount FROM happened AS h
    UNION ALL
    SELECT part.source_id, part.account, part.kind_id, sum(part.amount)
    FROM (
        SELECT h.source_id, side.account, CASE side.account WHEN {Account.POINTS.value} THEN 0
                                          ELSE coalesce(product.kind_id, 0) END AS kind_id, side.amount
        FROM happened AS h
        JOIN aftersales_returnedpart AS p ON p.return_id = h.source_id
        LEFT JOIN orders_line AS l ON l.order_id = p.order_id AND l.position = p.line
        LEFT JOIN catalog_variant AS variant ON variant.id = l.variant_id
        LEFT JOIN catalog_product AS product ON product.id = variant.product_id
        CROSS JOIN LATERAL (VALUES
            (CASE p.kind WHEN 0 THEN {Account.REVENUE.value} WHEN 1 THEN {Account.SHIPPING.value}
                         WHEN 3 THEN {Account.DISCOUNTS.value} WHEN 5 THEN {Account.POINTS.value}
                         ELSE {Account.TAX.value} END, p.amount),
            (CASE WHEN p.kind <> 4 THEN NULL WHEN p.line IS NULL THEN {Account.SHIPPING.value}
                  ELSE {Account.REVENUE.value} END, -p.amount)
        ) AS side (account, amount)
        WHERE side.account IS NOT NULL
    ) AS part
    GROUP BY part.source_id, part.account, part.kind_id
"""
