"""The command centre's stream has a ticket like a wall's, under a name that no market can have."""

CENTRE = "the command centre"
