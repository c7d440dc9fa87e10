"""What must hold of invoices."""

from setaria.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "invoice_numbers_have_no_gap",
        "In each market and year invoices are numbered from 1 to the latest, none left out.",
        "SELECT count(*) FROM invoices_invoice",
        """
        SELECT coalesce(i.market_id, s.market_id), coalesce(i.year, s.year), i.lowest, i.highest, i.count, s.last
        FROM (SELECT market_id, year, min(number) AS lowest, max(number) AS highest, count(*) AS count
              FROM invoices_invoice GROUP BY market_id, year) AS i
        FULL JOIN (SELECT * FROM invoices_series WHERE last > 0) AS s USING (market_id, year)
        WHERE (i.lowest, i.highest, i.count) IS DISTINCT FROM (1, s.last, s.last::bigint)
        """,
    ),
    Invariant(
        "invoices_are_what_was_paid",
        "An order's first invoice is for what the order cost.",
        "SELECT count(*) FROM invoices_invoice WHERE part = 0",
        """
        SELECT i.name, i.gross, o.total FROM invoices_invoice AS i
        LEFT JOIN orders_order AS o ON o.id = i.order_id
        WHERE i.part = 0 AND (o.id IS NULL OR o.paid_at IS NULL OR i.kind <> 1
                              OR (o.total, o.currency, o.market_id) IS DISTINCT FROM (i.gross, i.currency, i.market_id))
        """,
    ),
    Invariant(
        "credit_notes_reverse_what_there_is",
        "Credit notes name an invoice of their order, and together reverse no more than it says.",
        "SELECT count(*) FROM invoices_invoice WHERE kind = 2",
        """
        SELECT note.corrects, sum(note.gross) AS reversed, min(invoice.gross) AS invoiced
        FROM invoices_invoice AS note
        LEFT JOIN invoices_invoice AS invoice
          ON invoice.name = note.corrects AND invoice.kind = 1 AND invoice.order_id = note.order_id
        WHERE note.kind = 2
        GROUP BY note.corrects
        HAVING count(invoice.name) < count(*) OR sum(note.gross) > min(invoice.gross) OR sum(note.tax) > min(invoice.tax)
        """,
    ),
    Invariant(
        "one_invoice_stands",
        "Of an order's invoices all but the latest are reversed whole.",
        "SELECT count(*) FROM invoices_invoice WHERE kind = 1",
        """
        SELECT invoice.name, invoice.gross, reversed.gross FROM invoices_invoice AS invoice
        JOIN LATERAL (SELECT coalesce(sum(note.gross), 0) AS gross FROM invoices_invoice AS note
                      WHERE note.corrects = invoice.name) AS reversed ON true
        WHERE invoice.kind = 1 AND reversed.gross <> invoice.gross AND EXISTS (
            SELECT 1 FROM invoices_invoice AS later
            WHERE later.order_id = invoice.order_id AND later.kind = 1 AND later.part > invoice.part)
        """,
    ),
    Invariant(
        "credit_notes_are_what_was_taken_back",
        "A credit note of a return is for the money that went back.",
        "SELECT count(*) FROM invoices_invoice WHERE kind = 2",
        """
        SELECT note.name, note.gross, back.amount FROM invoices_invoice AS note
        JOIN aftersales_return AS back ON back.id = note.source_id
        WHERE (note.gross, note.order_id) IS DISTINCT FROM (back.amount, back.order_id)
        """,
    ),
    Invariant(
        "invoices_say_the_books_tax",
        "The tax on an order's first invoice is the tax its sale was entered with.",
        "SELECT count(*) FROM invoices_invoice WHERE part = 0",
        """
        SELECT i.name, i.tax, -posted.tax AS entered FROM invoices_invoice AS i
        JOIN LATERAL (SELECT coalesce(sum(p.amount), 0) AS tax FROM books_posting AS p
                      WHERE p.source = 2 AND p.source_id = i.order_id AND p.account = 2100) AS posted ON true
        WHERE i.part = 0 AND EXISTS (SELECT 1 FROM books_entry AS e WHERE e.source = 2 AND e.source_id = i.order_id)
          AND i.tax <> -posted.tax
        """,
    ),
]
