"""What can be wrong with a message for good."""


class Undeliverable(Exception):
    """No further attempt can help: the recipient does not exist, or the message cannot be written."""


class NoSuchAddress(Undeliverable):
    """A mail server said that the address is of no use, for this mail and the next."""

    def __init__(self, status: str, said: str) -> None:
        super().__init__(f"{status} {said}")
        self.status, self.said = status, said
