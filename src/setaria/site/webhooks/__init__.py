"""Webhooks on the command line."""
