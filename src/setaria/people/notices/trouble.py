"""What can be wrong with a message for good."""


class Undeliverable(Exception):
    """No further attempt can help: the recipient does not exist, or the message cannot be written."""
