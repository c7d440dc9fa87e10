"""Campaigns on the command line, and the drill against a copy of the database."""
