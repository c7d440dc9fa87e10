"""`setaria invoices`: whose they are, a document as a file, the tax they add up to."""
