"""The campaign calendar as staff read it. The second signature is
given on its page (`signatures.py`); all other steps are taken on the command line, by name."""
